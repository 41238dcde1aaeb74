// The draft of the model: sums and weights follow what is typed, and value functions can be dragged.
//
// Without script the same is done by typing and by the buttons: "Weigh by their swings", "Save". What stands in
// the fields is all that is sent; this file only writes into fields and tells the form, so that who moves is
// asked anew (keel:model).

const form = document.getElementById("model-form");
const LEFT = 28, RIGHT = 308, TOP = 12, BOTTOM = 156; // as scoring/workshop.py draws

const told = () => form.dispatchEvent(new CustomEvent("keel:model", { bubbles: true }));
const number = (field) => Number(field.value.replace(/[\s,]/g, "").replace("\u2212", "-"));

// Weights by swings: one percent each, the rest in proportion, by largest remainder. The server's own rule
// (workshop.weights_by_swings) is what "Weigh" applies; this shows the same while one types.

const weigh = (swings) => {
    const total = swings.reduce((sum, swing) => sum + swing, 0);
    const above = swings.map((swing) => Math.max((swing / total) * 100 - 1, 0));
    const rest = 100 - swings.length;
    const scale = rest / (above.reduce((sum, share) => sum + share, 0) || 1);
    const parts = above.map((share) => share * scale);
    const weights = parts.map((part) => 1 + Math.floor(part + 1e-9));
    const order = parts.map((part, place) => [Math.floor(part + 1e-9) - part, place]);
    order.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const missing = 100 - weights.reduce((sum, weight) => sum + weight, 0);
    for (const [, place] of order.slice(0, missing)) weights[place] += 1;
    return weights;
};

const addUp = (group) => {
    const fields = [...group.querySelectorAll("input[name$='-weight']")];
    const sum = fields.reduce((total, field) => total + (Number(field.value) || 0), 0);
    group.querySelector("[data-sum]").textContent = sum;
    const words = group.querySelector("[data-sum-words]");
    words.textContent = sum === 100 ? "" : sum > 100 ? `${sum - 100} too much` : `${100 - sum} too little`;
    words.classList.toggle("is-off", sum !== 100);
};

const follow = (group) => {
    const swings = [...group.querySelectorAll("input[name$='-swing']")];
    const values = swings.map(number);
    if (!values.every((value) => value >= 1 && value <= 100)) return;
    const weights = weigh(values);
    [...group.querySelectorAll("input[name$='-weight']")].forEach((field, place) => {
        field.value = weights[place];
    });
};

for (const group of form?.querySelectorAll("[data-group]") ?? []) {
    group.addEventListener("input", (event) => {
        if (event.target.name.endsWith("-swing")) follow(group);
        addUp(group);
    });
    addUp(group);
}

// Value functions -----------------------------------------------------------------------------

const live = form && !form.querySelector("fieldset.model-fields").disabled;

const knotsOf = (box) =>
    [...box.querySelectorAll("[data-knot]")]
        .map((row) => [...row.querySelectorAll("input")])
        .filter(([value, rating]) => value.value && rating.value);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const draw = (box) => {
    const svg = box.querySelector("svg.curve");
    if (!svg) return;
    const low = Number(svg.dataset.low), high = Number(svg.dataset.high);
    const points = knotsOf(box).map(([value, rating]) => [
        LEFT + ((number(value) - low) / (high - low)) * (RIGHT - LEFT),
        BOTTOM - ((number(rating) - 1) / 4) * (BOTTOM - TOP),
    ]);
    const circles = [...svg.querySelectorAll("circle")];
    const words = [...svg.querySelectorAll("circle + text")];
    if (points.length !== circles.length || points.flat().some(Number.isNaN)) return;
    points.forEach(([x, y], place) => {
        circles[place].setAttribute("cx", x);
        circles[place].setAttribute("cy", y);
        words[place].setAttribute("x", x);
        words[place].textContent = knotsOf(box)[place][0].value;
    });
    const line = [[LEFT, points[0][1]], ...points, [RIGHT, points.at(-1)[1]]];
    svg.querySelector("polyline").setAttribute("points", line.map((pair) => pair.join(",")).join(" "));
};

const letDrag = (box) => {
    const svg = box.querySelector("svg.curve");
    if (!svg) return;
    svg.classList.add("is-live");
    const low = Number(svg.dataset.low), high = Number(svg.dataset.high);
    const step = high - low > 10 ? 1 : 0.05;
    const circles = [...svg.querySelectorAll("circle")];
    let held = -1;

    const move = (event) => {
        if (held < 0) return;
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        const rows = knotsOf(box);
        const before = held > 0 ? number(rows[held - 1][0]) + step : low;
        const after = held < rows.length - 1 ? number(rows[held + 1][0]) - step : high;
        const value = low + ((clamp(at.x, LEFT, RIGHT) - LEFT) / (RIGHT - LEFT)) * (high - low);
        const rating = 1 + ((BOTTOM - clamp(at.y, TOP, BOTTOM)) / (BOTTOM - TOP)) * 4;
        rows[held][0].value = Number(clamp(Math.round(value / step) * step, before, after).toFixed(2));
        rows[held][1].value = Number((Math.round(rating * 10) / 10).toFixed(1));
        draw(box);
    };

    const release = () => {
        if (held < 0) return;
        circles[held].classList.remove("is-held");
        held = -1;
        told();
    };

    circles.forEach((circle, place) => {
        circle.addEventListener("pointerdown", (event) => {
            held = place;
            circle.classList.add("is-held");
            svg.setPointerCapture(event.pointerId);
            event.preventDefault();
        });
    });
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", release);
    svg.addEventListener("pointercancel", release);
};

for (const box of form?.querySelectorAll("[data-curve]") ?? []) {
    box.addEventListener("input", () => draw(box));
    if (live) letDrag(box);
}
