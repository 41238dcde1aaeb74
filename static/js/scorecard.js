// Keys of a scorecard: 1 to 5 rate the criterion that has the focus, u marks it unknown, j goes to the next one
// and k back, w goes to the reason and Escape back from it. A key typed into a text or a list is never taken.
// The arrows stay the browser's own: they move between the ratings of one criterion. The evidence follows: what
// bears on the criterion is marked and comes into sight. Without script the radio buttons and links do the same.

const form = document.querySelector("form[data-scorecard]");
const criteria = form ? [...form.querySelectorAll("[data-criterion]")] : [];
let current = -1;

const isTyping = (element) =>
    element.isContentEditable ||
    ["TEXTAREA", "SELECT"].includes(element.tagName) ||
    (element.tagName === "INPUT" && element.type !== "radio");

const evidence = document.querySelector(".evidence");

const mark = (place) => {
    if (place === current) return;
    criteria[current]?.classList.remove("is-current");
    current = place;
    criteria[current]?.classList.add("is-current");
    showBearing(criteria[current]);
};

// On a desk the evidence scrolls for itself; on a phone it lies above, and the links lead there.
const showBearing = (criterion) => {
    for (const part of document.querySelectorAll(".evidence .bears")) part.classList.remove("bears");
    if (!criterion || !evidence) return;
    const parts = [...criterion.querySelectorAll("[data-bearing]")]
        .map((link) => document.querySelector(link.getAttribute("href")))
        .filter(Boolean);
    for (const part of parts) part.classList.add("bears");
    if (!parts.length || getComputedStyle(evidence).position !== "sticky") return;
    const first = Math.min(...parts.map((part) => part.getBoundingClientRect().top));
    evidence.scrollTop += first - evidence.getBoundingClientRect().top - 48;
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
    const reason = event.target.closest?.("[data-criterion] textarea");
    if (event.key === "Escape" && reason && !document.querySelector("dialog[open]")) {
        go(criteria.indexOf(reason.closest("[data-criterion]")));
        return;
    }
    if (!criteria.length || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "j") go(current + 1);
    else if (event.key === "k") go(current - 1);
    else if (current >= 0 && /^[1-5]$/.test(event.key)) rate(event.key);
    else if (current >= 0 && event.key === "u") rate("unknown");
    else if (current >= 0 && event.key === "w") criteria[current].querySelector("textarea").focus();
    else return;
    event.preventDefault();
});
