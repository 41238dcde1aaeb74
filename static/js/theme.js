// Sets light or dark before the first paint. It is loaded as a blocking script for that reason and stays tiny.
// The choice ("light" or "dark") is kept in this browser; without one the system's setting rules.
(() => {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const read = () => {
        try {
            return localStorage.getItem("keel-theme") || "system";
        } catch {
            return "system";
        }
    };
    let isPrinting = false;
    const apply = () => {
        const choice = isPrinting ? "light" : read();
        const theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
        document.documentElement.dataset.bsTheme = theme;
        document.dispatchEvent(new CustomEvent("keel:theme", { detail: { theme, choice } }));
    };
    apply();
    // Paper is white.
    for (const [event, starts] of [["beforeprint", true], ["afterprint", false]]) {
        window.addEventListener(event, () => {
            isPrinting = starts;
            apply();
        });
    }
    dark.addEventListener("change", apply);
    window.addEventListener("storage", (event) => event.key === "keel-theme" && apply());
    document.addEventListener("keel:choose-theme", (event) => {
        try {
            localStorage.setItem("keel-theme", event.detail);
        } catch {
            // A browser that keeps nothing still gets the theme of its system.
        }
        apply();
    });
})();
