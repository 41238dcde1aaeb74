// Keys of every page: "/" searches, "g h" goes Home, "g r" to the register, "?" lists the keys.
// A key typed into a field or together with Ctrl, Alt or Meta is never taken.

const dialog = document.getElementById("keys");
const home = document.querySelector(".brand")?.getAttribute("href") || "/";
let afterG = 0;

const isTyping = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable ||
        ["TEXTAREA", "SELECT"].includes(element.tagName) ||
        (element.tagName === "INPUT" && !["radio", "checkbox"].includes(element.type)));

document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const search = document.getElementById("search");
    const second = Date.now() - afterG < 1500;
    afterG = 0;
    if (event.key === "/" && search) {
        event.preventDefault();
        search.focus();
        search.select();
    } else if (event.key === "?") {
        event.preventDefault();
        dialog?.showModal();
    } else if (event.key === "g") {
        afterG = Date.now();
    } else if (second && event.key === "h") {
        window.location.assign(home);
    } else if (second && event.key === "r" && search) {
        window.location.assign(search.form.action);
    }
});

for (const button of document.querySelectorAll("[data-open-keys]")) {
    button.addEventListener("click", () => dialog?.showModal());
}
