// Keys of a scorecard: 1 to 5 rate the criterion that has the focus, u marks it unknown, j goes to the next one
// and k back. A key typed into a text or a list is never taken. Without script the radio buttons do the same.

const form = document.querySelector("form[data-scorecard]");
const criteria = form ? [...form.querySelectorAll("[data-criterion]")] : [];
let current = -1;

const isTyping = (element) =>
    element.isContentEditable ||
    ["TEXTAREA", "SELECT"].includes(element.tagName) ||
    (element.tagName === "INPUT" && element.type !== "radio");

const mark = (place) => {
    criteria[current]?.classList.remove("is-current");
    current = place;
    criteria[current]?.classList.add("is-current");
};

const go = (place) => {
    const criterion = criteria[Math.min(Math.max(place, 0), criteria.length - 1)];
    const radio = criterion.querySelector("input:checked") || criterion.querySelector("input[type=radio]");
    radio.focus({ preventScroll: true });
    criterion.scrollIntoView({ block: "nearest" });
};

const rate = (value) => {
    const radio = criteria[current].querySelector(`input[type=radio][value="${value}"]`);
    if (!radio || radio.checked) return;
    radio.checked = true;
    radio.focus({ preventScroll: true });
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    radio.dispatchEvent(new Event("change", { bubbles: true }));
};

form?.addEventListener("focusin", (event) => {
    const criterion = event.target.closest("[data-criterion]");
    if (criterion) mark(criteria.indexOf(criterion));
});

document.addEventListener("keydown", (event) => {
    if (!criteria.length || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "j") go(current + 1);
    else if (event.key === "k") go(current - 1);
    else if (current >= 0 && /^[1-5]$/.test(event.key)) rate(event.key);
    else if (current >= 0 && event.key === "u") rate("unknown");
    else return;
    event.preventDefault();
});
