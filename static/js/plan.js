// Helps to fill a plan by month. Without it the grid is a table of plain inputs.
//
//   <div class="plan-grid" data-plan>     one grid; data-plan-digits="2" decimals kept when spreading (0 when not given).
//                                         Without it the form around the rows is the grid, over all its tables.
//     <tr data-plan-row="people">         one plan line
//       <input data-month-index="0">      one month, counted from 0; text with inputmode="decimal"
//       <td class="sum" data-plan-sum>    shows the row's sum; on several fiscal years data-from="0" data-to="11"
//       <button type="button" data-plan-tool="ramp">     opens the ramp of this row
//       <button type="button" data-plan-tool="spread">   opens the spreading of a total over this row
//     <td data-plan-month-sum="0">        in a <tfoot>: shows the sum of one month over all rows
// What was filled is said, and the small forms of the tools open, under the table of the row.
//
// Paste: cells copied from a spreadsheet fill from the focused month to the right and down, row by row. Amounts are
// read in the ways people write them: 12000, 12 000, 12,000, 12.000,50, (500) and a true minus. What can't be read is
// left as it was, and the panel says how many. Arrow up and down, Enter and Shift+Enter move between rows.
// Each filled cell dispatches "input", so that draft.js saves it. Undo takes back the last filling.

const MINUS = "\u2212";

const grids = new Set();
for (const row of document.querySelectorAll("[data-plan-row]")) grids.add(row.closest("[data-plan]") ?? row.closest("form"));
for (const grid of grids) if (grid) equip(grid);

// Reads an amount, or gives null when it is none.
export function readAmount(text) {
    let plain = text.trim().replace(/[\s\u00a0\u2009\u202f']/g, "").replaceAll(MINUS, "-");
    if (plain === "" || plain === "-") return plain === "" ? null : "0";
    const isNegative = /^\(.*\)$/.test(plain) || plain.startsWith("-");
    plain = plain.replace(/^[(+-]+|\)$/g, "").replace(/^[A-Z]{3}|[A-Z]{3}$|[$€£¥]/g, "");
    const comma = plain.lastIndexOf(",");
    const point = plain.lastIndexOf(".");
    if (comma >= 0 && point >= 0) {
        // Of two signs the later one is the decimal sign.
        plain = comma > point ? plain.replaceAll(".", "").replace(",", ".") : plain.replaceAll(",", "");
    } else if (comma >= 0) {
        plain = isGrouped(plain, ",") ? plain.replaceAll(",", "") : plain.replace(",", ".");
    } else if (point >= 0 && isGrouped(plain, ".")) {
        // Three digits after a point are thousands: money has no third decimal. 0.125 stays what it is.
        plain = plain.replaceAll(".", "");
    }
    if (!/^\d*\.?\d*$/.test(plain) || !/\d/.test(plain)) return null;
    return `${isNegative ? "-" : ""}${plain}`;
}

function isGrouped(text, sign) {
    const parts = text.split(sign);
    return /^[1-9]\d{0,2}$/.test(parts[0]) && parts.slice(1).every((part) => /^\d{3}$/.test(part));
}

// Splits a total over months in minor units by largest remainder, so that the parts add up to it exactly.
export function spread(total, weights, digits) {
    const factor = 10n ** BigInt(digits);
    const whole = toMinor(total, digits);
    const sign = whole < 0n ? -1n : 1n;
    const amount = whole * sign;
    const scaled = weights.map((weight) => BigInt(Math.round(weight * 1e6)));
    const all = scaled.reduce((sum, weight) => sum + weight, 0n);
    if (all === 0n) return weights.map(() => "0");
    const parts = scaled.map((weight) => (amount * weight) / all);
    const rest = scaled.map((weight, index) => [(amount * weight) % all, index]);
    let left = amount - parts.reduce((sum, part) => sum + part, 0n);
    rest.sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? 1 : -1));
    for (const [, index] of rest) {
        if (left === 0n) break;
        parts[index] += 1n;
        left -= 1n;
    }
    return parts.map((part) => fromMinor(part * sign, factor, digits));
}

function toMinor(text, digits) {
    const isNegative = text.startsWith("-");
    const [whole, part = ""] = text.replace("-", "").split(".");
    const minor = BigInt(`${whole || "0"}${part.padEnd(digits, "0").slice(0, digits)}`);
    return isNegative ? -minor : minor;
}

function fromMinor(minor, factor, digits) {
    const sign = minor < 0n ? "-" : "";
    const amount = minor < 0n ? -minor : minor;
    const part = digits ? `.${String(amount % factor).padStart(digits, "0")}` : "";
    return `${sign}${amount / factor}${part}`;
}

function grouped(minor, digits) {
    const [whole, part] = fromMinor(minor < 0n ? -minor : minor, 10n ** BigInt(digits), digits).split(".");
    const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (part && !/^0*$/.test(part) ? `.${part}` : "");
    return minor < 0n ? MINUS + text : text;
}

function equip(grid) {
    const digits = Number(grid.dataset.planDigits || 0);
    const rows = () => [...grid.querySelectorAll("[data-plan-row]")];
    const cells = (row) =>
        [...row.querySelectorAll("input[data-month-index]")].sort(
            (a, b) => Number(a.dataset.monthIndex) - Number(b.dataset.monthIndex),
        );
    let lastFilling = [];

    const panel = document.createElement("div");
    panel.className = "plan-panel";
    panel.setAttribute("role", "status");
    // The panel stands under the table of the row in hand, outside what scrolls sideways.
    const place = (row) => {
        const table = row.closest("table");
        const holder = table.closest("[data-plan], .table-wrap, .plan-grid") ?? table;
        if (holder.nextElementSibling !== panel) holder.after(panel);
    };
    if (grid.matches("[data-plan]")) grid.after(panel);

    // A sum reads a cell as the server will: digits and a point, nothing guessed.
    const minorOf = (cell) => {
        const typed = cell.value.replace(/[\s\u202f]/g, "").replace(MINUS, "-");
        return /^-?\d+(\.\d*)?$/.test(typed) ? toMinor(typed, 2) : 0n;
    };

    function add() {
        for (const row of rows()) {
            const months = cells(row);
            for (const sum of row.querySelectorAll("[data-plan-sum]")) {
                const from = Number(sum.dataset.from || 0);
                const to = Number(sum.dataset.to || months.length - 1);
                const inside = months.filter(
                    (cell) => Number(cell.dataset.monthIndex) >= from && Number(cell.dataset.monthIndex) <= to,
                );
                sum.textContent = grouped(inside.reduce((all, cell) => all + minorOf(cell), 0n), 2);
            }
        }
        for (const sum of grid.querySelectorAll("[data-plan-month-sum]")) {
            const month = grid.querySelectorAll(`input[data-month-index="${sum.dataset.planMonthSum}"]`);
            sum.textContent = grouped([...month].reduce((all, cell) => all + minorOf(cell), 0n), 2);
        }
    }

    function fill(pairs) {
        for (const marked of grid.querySelectorAll(".plan-filled")) marked.classList.remove("plan-filled");
        lastFilling = pairs.map(([cell]) => [cell, cell.value]);
        for (const [cell, value] of pairs) {
            cell.value = value;
            cell.parentElement.classList.add("plan-filled");
        }
        pairs[0]?.[0].dispatchEvent(new Event("input", { bubbles: true }));
        add();
    }

    function say(words) {
        const text = document.createElement("span");
        text.textContent = words;
        panel.replaceChildren(text);
        if (!lastFilling.length) return;
        const undo = button("Undo", () => {
            const before = lastFilling;
            fill(before);
            lastFilling = [];
            say("Taken back.");
        });
        panel.append(" ", undo);
    }

    function button(words, act, kind = "btn btn-small") {
        const made = document.createElement("button");
        made.type = "button";
        made.className = kind;
        made.textContent = words;
        made.addEventListener("click", act);
        return made;
    }

    grid.addEventListener("input", add);

    grid.addEventListener("paste", (event) => {
        const start = event.target.closest("input[data-month-index]");
        const text = event.clipboardData?.getData("text/plain") ?? "";
        if (!start || !/[\t\n]/.test(text.trimEnd())) return;
        event.preventDefault();
        place(start.closest("[data-plan-row]"));
        const lines = text.replace(/\r/g, "").replace(/\n$/, "").split("\n");
        const all = rows();
        const firstRow = all.indexOf(start.closest("[data-plan-row]"));
        const firstMonth = cells(all[firstRow]).indexOf(start);
        const pairs = [];
        let unread = 0;
        let outside = 0;
        lines.forEach((line, down) => {
            line.split("\t").forEach((piece, right) => {
                const row = all[firstRow + down];
                const cell = row && cells(row)[firstMonth + right];
                const amount = readAmount(piece);
                if (amount === null) unread += piece.trim() === "" ? 0 : 1;
                else if (!cell || cell.readOnly || cell.disabled) outside += 1;
                else pairs.push([cell, amount]);
            });
        });
        fill(pairs);
        const said = [`${pairs.length} ${pairs.length === 1 ? "month" : "months"} filled.`];
        if (unread) said.push(`${unread} could not be read as an amount and were left as they were.`);
        if (outside) said.push(`${outside} lay outside the plan.`);
        say(said.join(" "));
    });

    grid.addEventListener("keydown", (event) => {
        const cell = event.target.closest("input[data-month-index]");
        if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
        const step = { ArrowUp: -1, ArrowDown: 1, Enter: event.shiftKey ? -1 : 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const all = rows();
        const row = all[all.indexOf(cell.closest("[data-plan-row]")) + step];
        const next = row && cells(row).find((other) => other.dataset.monthIndex === cell.dataset.monthIndex);
        next?.focus();
        next?.select();
    });

    grid.addEventListener("click", (event) => {
        const tool = event.target.closest("[data-plan-tool]");
        const row = tool?.closest("[data-plan-row]");
        if (row) open(tool, row);
    });

    // A small form under the grid: a ramp to a monthly amount, or a total spread evenly.
    function open(tool, row) {
        place(row);
        const months = cells(row);
        const isRamp = tool.dataset.planTool === "ramp";
        const name = row.querySelector("th")?.textContent.trim() || row.dataset.planRow;
        const form = document.createElement("div");
        form.className = "plan-tool";
        const title = document.createElement("strong");
        title.textContent = isRamp ? `${name}: ramp up to an amount a month` : `${name}: spread a total over months`;
        const amount = field(isRamp ? "Amount a month, in full" : "Total", "");
        const from = field("From month", "1", months.length);
        const to = field(isRamp ? "Full in month" : "To month", String(isRamp ? Math.min(9, months.length) : months.length), months.length);
        const problem = document.createElement("p");
        problem.className = "field-error";
        const apply = () => {
            const value = readAmount(amount.input.value);
            const first = Number(from.input.value);
            const last = Number(to.input.value);
            if (value === null) {
                problem.textContent = "Write the amount as a number.";
                amount.input.focus();
                return;
            }
            if (!(first >= 1 && last <= months.length && first <= last)) {
                problem.textContent = `Choose months from 1 to ${months.length}, the first before the last.`;
                from.input.focus();
                return;
            }
            fill(isRamp ? ramp(months, value, first, last) : even(months, value, first, last));
            say(isRamp ? `${name} ramps up to ${amount.input.value} a month by month ${last}.` : `${name} adds up to ${amount.input.value}.`);
            tool.focus();
        };
        const close = () => {
            panel.replaceChildren();
            tool.focus();
        };
        const acts = document.createElement("span");
        acts.className = "plan-tool-acts";
        acts.append(button("Fill the months", apply), button("Close", close, "btn btn-small btn-link"));
        form.append(title, amount.label, from.label, to.label, acts, problem);
        form.addEventListener("keydown", (event) => {
            if (event.key === "Enter" && event.target.tagName === "INPUT") {
                event.preventDefault();
                apply();
            } else if (event.key === "Escape") {
                close();
            }
        });
        panel.replaceChildren(form);
        amount.input.focus();
    }

    // These inputs have no name, so they are never sent, and they are kept out of what draft.js saves.
    function field(words, value, most) {
        const label = document.createElement("label");
        label.textContent = words;
        const input = document.createElement("input");
        input.value = value;
        input.inputMode = most ? "numeric" : "decimal";
        input.addEventListener("input", (event) => event.stopPropagation());
        input.addEventListener("change", (event) => event.stopPropagation());
        label.append(input);
        return { label, input };
    }

    function even(months, total, first, last) {
        const used = months.slice(first - 1, last);
        const parts = spread(total, used.map(() => 1), digits);
        return used.map((cell, index) => [cell, parts[index]]);
    }

    function ramp(months, full, first, last) {
        const steps = last - first + 1;
        return months.slice(first - 1).map((cell, index) => {
            const share = Math.min(index + 1, steps);
            const [part] = spread(full, share === steps ? [1] : [share, steps - share], digits);
            return [cell, part];
        });
    }

    add();
}
