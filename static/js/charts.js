// Draws the charts of a page. Each <figure data-chart> (templates/_components/chart.html) names
//   data-figure   the id of the JSON script that holds the Plotly figure: {data, layout}
//   data-library  the address of Plotly, loaded once and only when a chart comes near the window
//   data-name     the name of a downloaded file, without its ending
// and holds .chart-area, the place for the drawing, and a table with the same figures.
//
// Colours: a figure names them as in tokens.css, "var(--data-1)", or by the palette's own values
// (#0072B2 …); both follow the theme, also when it changes while the page is open.
//
// Nothing is uploaded anywhere: the library's own buttons are off.

const CONFIG = {
    displayModeBar: false,
    displaylogo: false,
    showSendToCloud: false,
    showEditInChartStudio: false,
    plotlyServerURL: "",
    showTips: false,
    responsive: true,
    scrollZoom: false,
};

const PALETTE = {
    "#0072b2": "--data-1",
    "#e69f00": "--data-2",
    "#009e73": "--data-3",
    "#cc79a7": "--data-4",
    "#56b4e9": "--data-5",
    "#d55e00": "--data-6",
    "#767676": "--data-unknown",
};

const AXIS = /^[xy]axis\d*$/;
const figures = new Map();
let library = null;

function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A copy of the figure in which every colour of ours is the one of the present theme.
function inTheme(value) {
    if (typeof value === "string") {
        const named = /^var\((--[\w-]+)\)$/.exec(value);
        const name = named ? named[1] : PALETTE[value.toLowerCase()];
        return name ? token(name) || value : value;
    }
    if (Array.isArray(value)) return value.map(inTheme);
    if (value && typeof value === "object" && value.constructor === Object) {
        return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inTheme(part)]));
    }
    return value;
}

// What every chart shares: no frame, a light grid on the value axis only, the page's own type.
function layoutFor(figure, area) {
    const layout = inTheme(figure.layout || {});
    const font = { family: token("--sans"), size: 13, color: token("--ink-2") };
    const horizontal = figure.data.some((trace) => trace.type === "bar" && trace.orientation === "h");
    const bars = figure.data.some((trace) => trace.type === "bar");
    const points = figure.data.every((trace) => /markers/.test(trace.mode || "") && !/lines/.test(trace.mode || ""));
    delete layout.template;
    delete layout.width;
    delete layout.height;
    delete layout.title;
    const shared = {
        ...layout,
        autosize: true,
        font: { ...font, ...layout.font },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        margin: { l: 8, r: 20, t: 12, b: 8, ...layout.margin },
        separators: ".\u202f",
        dragmode: false,
        hovermode: layout.hovermode ?? (points ? "closest" : horizontal ? "y unified" : "x unified"),
        hoverlabel: {
            bgcolor: token("--sheet"),
            bordercolor: token("--rule-2"),
            font: { ...font, color: token("--ink") },
            align: "left",
            ...layout.hoverlabel,
        },
        legend: {
            orientation: "h",
            x: 0,
            xanchor: "left",
            yref: "container",
            y: 0,
            yanchor: "bottom",
            traceorder: "normal",
            ...layout.legend,
        },
    };
    const names = new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => AXIS.test(key))]);
    for (const name of names) {
        const isValue = points || (name.startsWith("y") ? !horizontal : horizontal);
        shared[name] = {
            automargin: true,
            showgrid: isValue,
            gridcolor: token("--data-grid"),
            zeroline: isValue,
            zerolinecolor: token("--rule-2"),
            linecolor: token("--rule-2"),
            showline: !isValue,
            ticks: "",
            fixedrange: true,
            showspikes: !points && !bars,
            spikemode: "across",
            spikethickness: 1,
            spikedash: "solid",
            spikecolor: token("--rule-2"),
            tickfont: { ...font, size: 12, color: token("--ink-3") },
            ...layout[name],
        };
        if (layout[name]?.title) {
            const title = typeof layout[name].title === "string" ? { text: layout[name].title } : layout[name].title;
            shared[name].title = { standoff: 8, ...title, font: { ...font, size: 12, ...title.font } };
        }
    }
    if (layout.annotations) {
        shared.annotations = layout.annotations.map((note) => ({
            showarrow: false,
            ...note,
            font: { ...font, ...note.font },
        }));
    }
    return shared;
}

function load(address) {
    library ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = () => resolve(window.Plotly);
        script.onerror = () => reject(new Error("The chart library could not be loaded."));
        document.head.append(script);
    });
    return library;
}

// Values may also come packed, as {bdata, dtype}.
function isEmpty(figure) {
    const holds = (values) => (Array.isArray(values) ? values.length > 0 : Boolean(values?.bdata));
    return !figure.data?.some((trace) => holds(trace.x) || holds(trace.y) || holds(trace.z));
}

async function draw(chart) {
    const area = chart.querySelector(".chart-area");
    const source = document.getElementById(chart.dataset.figure);
    if (!area || !source) return;
    const figure = JSON.parse(source.textContent);
    // A view may hand over the figure as JSON text; then it was encoded twice.
    const parsed = typeof figure === "string" ? JSON.parse(figure) : figure;
    if (isEmpty(parsed)) {
        chart.dataset.empty = "";
        return;
    }
    try {
        const Plotly = await load(chart.dataset.library);
        figures.set(area, parsed);
        area.replaceChildren();
        await Plotly.newPlot(area, inTheme(parsed.data), layoutFor(parsed, area), CONFIG);
        chart.dataset.drawn = "";
    } catch (error) {
        // Without a drawing the reader still has the figures.
        chart.querySelector("details")?.setAttribute("open", "");
        area.hidden = true;
        throw error;
    }
}

function redraw() {
    for (const [area, figure] of figures) {
        if (area.isConnected) window.Plotly.react(area, inTheme(figure.data), layoutFor(figure, area), CONFIG);
        else figures.delete(area);
    }
}

const near = new IntersectionObserver(
    (entries) => {
        for (const entry of entries) {
            if (!entry.isIntersecting) continue;
            near.unobserve(entry.target);
            draw(entry.target);
        }
    },
    { rootMargin: "300px" },
);

function mount(root) {
    for (const chart of root.querySelectorAll("[data-chart]:not([data-mounted])")) {
        chart.dataset.mounted = "";
        near.observe(chart);
    }
}

// A cell that a spreadsheet would run as a formula is written as text.
function cell(text) {
    const plain = text.trim().replaceAll("\u202f", "").replaceAll("\u2212", "-");
    const isNumber = /^-?\d+(\.\d+)?$/.test(plain);
    const safe = !isNumber && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function save(address, name) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
}

// A picture goes alone, so it takes its finding and its source along.
function framed(chart, area) {
    const layout = layoutFor(figures.get(area), area);
    // The library reads marks such as <b> in its titles, as inline styles that our policy refuses: text only.
    const words = (selector) =>
        (chart.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim().replaceAll("<", "&lt;");
    const below = [words(".chart-head p"), words(".chart-foot > span")].filter(Boolean).join(" · ");
    const font = { family: token("--serif"), size: 24, weight: 700, color: token("--ink") };
    return {
        ...layout,
        paper_bgcolor: token("--paper"),
        margin: { ...layout.margin, l: Math.max(layout.margin.l, 24), r: Math.max(layout.margin.r, 24), t: 96, b: 24 },
        title: {
            text: words(".chart-head h2"),
            subtitle: { text: below, font: { family: token("--sans"), size: 14, color: token("--ink-2") } },
            x: 0.02,
            xanchor: "left",
            font,
        },
    };
}

document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-chart-download]");
    const chart = button?.closest("[data-chart]");
    if (!chart) return;
    const name = chart.dataset.name || "chart";
    if (button.dataset.chartDownload === "csv") {
        const rows = [...chart.querySelectorAll(".chart-table tr")].map((row) =>
            [...row.cells].map((part) => cell(part.textContent)).join(","),
        );
        const address = URL.createObjectURL(new Blob([`\ufeff${rows.join("\r\n")}\r\n`], { type: "text/csv" }));
        save(address, `${name}.csv`);
        setTimeout(() => URL.revokeObjectURL(address), 1000);
    } else {
        await draw(chart);
        const area = chart.querySelector(".chart-area");
        const size = { format: "png", width: 1200, height: 620, scale: 2 };
        const picture = { data: inTheme(figures.get(area).data), layout: framed(chart, area), config: CONFIG };
        save(await window.Plotly.toImage(picture, size), `${name}.png`);
    }
});

document.addEventListener("keel:theme", redraw);
document.addEventListener("htmx:load", (event) => mount(event.detail.elt.parentNode || document));
window.addEventListener("beforeprint", () => {
    for (const chart of document.querySelectorAll("[data-chart]:not([data-drawn])")) draw(chart);
});
mount(document);
