// Saves a form while one types. The page works without it: the form then saves when it is sent.
//
//   <form data-draft>                the form; saved 0.8 s after the last change, and when the page is left
//     data-draft-url="/…/save/"      where to save; without it the form's own action
//   <… data-draft-status>            inside the form: says "Saved 14:05", "Saving", "Not saved"; give it role="status"
//   <… data-draft-message>           inside the form: takes the server's words on a conflict (409) or a problem (422)
//   <input type="hidden" name="version">   which version this page started from (the name is for the view to choose)
//
// The request is a POST of the whole form with the headers HX-Request: true and X-Keel-Draft: save. Answers:
//   204, or 200 with HTML   saved. Each element of the HTML that has the id of one on the page takes its place
//                           (the readiness panel, the return, the hidden version). The field that has the focus
//                           is never replaced. A header X-Keel-Version: 12 sets the hidden field "version".
//   409 with HTML           someone else saved first: the words go to data-draft-message, saving stops, what is
//                           typed stays. A button with data-draft-again in those words goes on with X-Keel-Version
//                           of this answer, so that the typed text is saved over the other.
//   422 with HTML           not saved: the words go to data-draft-message; the next change tries again.
// Anything else, or no answer, is tried again after 2, 4, 8 … at most 60 s. On success the form dispatches
// "keel:saved", so that a panel can refresh itself: hx-trigger="keel:saved from:closest form".

const DELAY = 800;
const LONGEST = 60_000;

const time = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

for (const form of document.querySelectorAll("form[data-draft]")) watch(form);

function watch(form) {
    const address = form.dataset.draftUrl || form.getAttribute("action") || window.location.pathname;
    const status = form.querySelector("[data-draft-status]");
    const message = form.querySelector("[data-draft-message]");
    let timer = 0;
    let wait = 2000;
    let isSaving = false;
    let saving = Promise.resolve();
    let isStopped = false;
    let isSent = false;
    let newest = 0; // counts changes, so that a change during a save is not taken for saved
    let saved = 0;
    let theirs = ""; // the version that refused ours; taken only when one chooses to go on

    const say = (words, state) => {
        if (!status) return;
        status.textContent = words;
        status.dataset.state = state;
    };

    const tell = (html) => {
        if (!message) return;
        message.innerHTML = html;
        window.htmx?.process(message);
    };

    const takeVersion = (version) => {
        const field = form.elements.namedItem("version");
        if (version && field) field.value = version;
    };

    // The server's fragments replace their twins; the field one is typing in stays as it is.
    const takeFragments = (html) => {
        if (!html.trim()) return;
        const parts = new DOMParser().parseFromString(html, "text/html").body.children;
        for (const part of [...parts]) {
            const twin = part.id && document.getElementById(part.id);
            if (!twin || twin.contains(document.activeElement)) continue;
            twin.replaceWith(part);
            window.htmx?.process(part);
        }
    };

    const later = (delay) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
            // A save under way looks for newer changes itself when it ends.
            if (!isSaving) saving = save();
        }, delay);
    };

    const request = (keepalive) =>
        fetch(address, {
            method: "POST",
            body: new FormData(form),
            headers: { "HX-Request": "true", "X-Keel-Draft": "save" },
            credentials: "same-origin",
            redirect: "error",
            keepalive,
        });

    async function save() {
        if (isSaving || isStopped || isSent || saved === newest) return;
        isSaving = true;
        const sending = newest;
        const slow = setTimeout(() => say("Saving", "saving"), 300);
        try {
            const answer = await request(false);
            const html = await answer.text();
            const version = answer.headers.get("X-Keel-Version");
            if (answer.ok) {
                takeVersion(version);
                saved = sending;
                wait = 2000;
                takeFragments(html);
                tell("");
                clearTimeout(slow);
                say(`Saved ${time()}`, "saved");
                form.dispatchEvent(new CustomEvent("keel:saved", { bubbles: true }));
            } else if (answer.status === 409) {
                isStopped = true;
                theirs = version;
                tell(html);
                say("Not saved: someone else changed this draft", "conflict");
            } else if (answer.status === 422) {
                saved = sending;
                tell(html);
                say("Not saved: see what to change", "failed");
            } else {
                throw new Error(`The server answered ${answer.status}.`);
            }
        } catch {
            say("Not saved yet; trying again", "failed");
            later(wait);
            wait = Math.min(wait * 2, LONGEST);
        } finally {
            clearTimeout(slow);
            isSaving = false;
        }
        if (saved !== newest && wait === 2000) later(DELAY);
    }

    form.addEventListener("input", () => {
        newest += 1;
        if (!isStopped) later(DELAY);
    });
    form.addEventListener("change", () => later(0));
    form.addEventListener("submit", (event) => {
        clearTimeout(timer);
        if (isSaving) {
            // The save under way raises the version; the form is sent once its answer is here.
            event.preventDefault();
            const button = event.submitter;
            saving.then(() => form.requestSubmit(button));
            return;
        }
        isSent = true;
    });
    // After a refusal by script or a return with the Back button the form is open again.
    window.addEventListener("pageshow", () => {
        isSent = false;
    });
    form.addEventListener("click", (event) => {
        if (!event.target.closest("[data-draft-again]")) return;
        event.preventDefault();
        isStopped = false;
        takeVersion(theirs);
        newest += 1;
        later(0);
    });
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState !== "hidden" || isStopped || isSent || saved === newest) return;
        const sending = newest;
        request(true)
            .then((answer) => {
                if (!answer.ok) return;
                takeVersion(answer.headers.get("X-Keel-Version"));
                saved = sending;
            })
            .catch(() => later(wait));
    });
    window.addEventListener("beforeunload", (event) => {
        if (!isSent && saved !== newest) event.preventDefault();
    });
}
