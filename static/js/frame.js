// What every page of Keel does with a little script: menus, notices, the theme choice, the drawer.
// Each part also works without script: menus are <details>, the drawer's links are pages of their own.

const drawer = document.getElementById("drawer");
let opener = null;

// The drawer opens when htmx has put an explanation into it, and gives the focus back when it closes.
document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === drawer && !drawer.open) opener = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== drawer || !drawer.childElementCount) return;
    const title = drawer.querySelector("h2");
    if (title) {
        title.id = "drawer-title";
        drawer.removeAttribute("aria-label");
        drawer.setAttribute("aria-labelledby", "drawer-title");
    }
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0;
});

drawer?.addEventListener("close", () => {
    drawer.replaceChildren();
    if (opener?.isConnected) opener.focus();
    opener = null;
});

for (const dialog of document.querySelectorAll("dialog")) {
    // A click on the veil lands on the dialog itself; one on its words lands on a child.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("[data-close-notice]")) target.closest("[data-notice]")?.remove();
    if (target.closest("[data-close-drawer]")) drawer.close();
    if (target.closest("[data-print]")) window.print();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (!menu.contains(target)) menu.open = false;
    }
});

document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
    }
});

// A menu is left when the focus leaves it.
document.addEventListener("focusin", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
    }
});

// The theme choice shows what is set and sets what is chosen.
const choice = (() => {
    try {
        return localStorage.getItem("keel-theme") || "system";
    } catch {
        return "system";
    }
})();
for (const input of document.querySelectorAll("[data-theme-choice] input")) {
    input.checked = input.value === choice;
    input.addEventListener("change", () =>
        document.dispatchEvent(new CustomEvent("keel:choose-theme", { detail: input.value })),
    );
}

// A file or a report can be printed with all its folded parts open.
window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("main details:not([open])")) {
        part.dataset.openedForPrint = "";
        part.open = true;
    }
});
window.addEventListener("afterprint", () => {
    for (const part of document.querySelectorAll("[data-opened-for-print]")) {
        part.open = false;
        delete part.dataset.openedForPrint;
    }
});

// A request that fails is said in words; htmx alone would stay silent.
document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const words = {
        403: "You may not do that. Nothing was changed.",
        404: "That is no longer there. Load the page again.",
        429: "Too many requests in a short time. Wait a minute and try again.",
    };
    say(words[status] || "The server could not answer. Nothing was changed; try again.");
});
document.addEventListener("htmx:sendError", () => say("The server can't be reached. Nothing was changed."));

function say(words) {
    const notices = document.querySelector(".notices");
    if (!notices) return;
    const notice = document.createElement("div");
    notice.className = "notice notice-error";
    notice.dataset.notice = "";
    const text = document.createElement("p");
    text.textContent = words;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "notice-close";
    close.dataset.closeNotice = "";
    close.textContent = "Put away";
    notice.append(text, close);
    notices.replaceChildren(notice);
    notices.scrollIntoView({ block: "nearest" });
}

// On a narrow page the tabs scroll sideways: the one that is open has to be in sight.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const row = tab.closest(".tabs");
    row.scrollLeft = Math.max(0, tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2);
}
