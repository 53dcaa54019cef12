"use strict";
// Draws a report from `page` (see report.go). Every section leaves itself out when it has nothing to show.

const content = document.getElementById("content");
const cells = new Map(page.cells.map((c) => [c.label, c]));
const rows = page.rows ?? [];
const value = new Map(rows.map((r) => [r.cell + "\n" + r.metric, r]));
const metric = (cell, name) => value.get(cell + "\n" + name);
const words = { shannon_bits_mean: "entropy, bits", epsilon_mean: "ε", latency_s_mean: "mean latency, s", "clients.budget": "budget, bytes a day", "mix.mean_delay": "mean delay of a hop, s", "mix.end_to_end": "end-to-end latency, s", "topology.layers": "layers", "topology.width": "mixes in a layer", "clients.rate": "packets/s", "clients.count": "people" };
const say = (name) => words[name] ?? name;
const width = () => Math.min(920, content.clientWidth);

// The swept keys, those with numbers first as axes; the rest name the series.
const numeric = (page.keys ?? []).filter((k) => page.cells.some((c) => swept(c, k)?.number != null) && distinct(k).length > 1);

function swept(cell, key) { return cell.swept?.find((p) => p.key === key); }
function distinct(key) { return [...new Set(page.cells.map((c) => swept(c, key)?.value).filter((v) => v !== undefined))]; }
// order sorts series as a person would: by their swept numbers, then by their words.
const ranks = new Map();
function order(names) {
  return [...new Set(names)].sort((a, b) => {
    const [x, y] = [ranks.get(a) ?? [], ranks.get(b) ?? []];
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i] && x[i] != null && y[i] != null) return x[i] - y[i];
    return a.localeCompare(b, "en", { numeric: true });
  });
}
function colours(points) { const d = order(points.map((p) => p.s)); return d.length > 1 ? { legend: true, domain: d, scheme: d.length > 10 ? "turbo" : "observable10" } : undefined; }
const font = { fontSize: "13px", overflow: "visible" };

function series(cell, without) {
  const own = (cell.swept ?? []).filter((p) => p.key !== without && distinct(p.key).length > 1);
  const name = own.map((p) => short(p.key) + " " + p.value).join(", ") || "all";
  ranks.set(name, own.map((p) => p.number));
  return name;
}
function short(key) { return key.split(".").pop().replaceAll("_", " "); }

// One section alone, for a figure elsewhere: report.html?section=entropy.
const only = new URLSearchParams(location.search).get("section");
if (only) document.body.classList.add("alone");

function section(id, title, lead, ...bodies) {
  if (only && only !== id) return;
  const s = document.createElement("section");
  s.id = id;
  s.innerHTML = "<h2></h2><p class=lead></p>";
  s.querySelector("h2").textContent = title;
  s.querySelector("p").textContent = lead;
  s.append(...bodies);
  content.append(s);
}

function element(tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}

function digits(x) {
  if (x == null) return "–";
  const a = Math.abs(x);
  if (a !== 0 && (a < 1e-3 || a >= 1e7)) return (+x.toPrecision(4)).toExponential();
  return String(+x.toPrecision(5));
}

function wide(xs) { const p = xs.filter((x) => x > 0); return p.length > 2 && Math.max(...p) / Math.min(...p) >= 10 && p.length === xs.length; }

// axis is a scale for positive numbers: logarithmic where they span more than a decade, with few labels.
function axis(label, xs, more) {
  const log = wide(xs);
  const plain = (d) => (Math.abs(d) >= 1e4 ? d3.format("~s")(d) : String(+d.toPrecision(6)));
  const leading = (d) => Math.round(d / 10 ** Math.floor(Math.log10(d) + 1e-9));
  const few = [...new Set(xs)].sort(d3.ascending);
  if (!log && few.length > 1 && few.length <= 10) more = { ticks: few, ...more };
  return { label: label + " →", labelOffset: 38, type: log ? "log" : "linear", tickFormat: log ? (d) => ([1, 2, 5].includes(leading(d)) ? plain(d) : "") : plain, ...more };
}

// lines plots a metric with its interval against a swept key, one line for each combination of the others, and what
// theory says dashed.
function lines(name, key, w = width()) {
  const points = [], theory = [];
  for (const c of page.cells) {
    const x = swept(c, key)?.number, m = metric(c.label, name), t = metric(c.label, name + "_theory");
    if (x == null) continue;
    if (m?.value != null) points.push({ x, y: m.value, lo: m.lo, hi: m.hi, s: series(c, key) });
    if (t?.value != null) theory.push({ x, y: t.value, s: series(c, key) });
  }
  if (points.length < 2) return null;
  const many = new Set(points.map((p) => p.s)).size;
  return Plot.plot({
    width: w, height: Math.max(260, w * 0.45), marginLeft: 55, marginRight: 20, marginBottom: 44, grid: true,
    x: axis(say(key), points.map((p) => p.x)),
    y: { label: "↑ " + say(name), nice: true, zero: false },
    color: colours(points), style: font,
    marks: [
      Plot.line(points, { x: "x", y: "y", z: "s", sort: "x", stroke: many > 1 ? "s" : "steelblue", strokeWidth: 1.6 }),
      Plot.ruleX(points.filter((p) => p.lo != null && p.hi != null), { x: "x", y1: "lo", y2: "hi", stroke: many > 1 ? "s" : "steelblue", strokeWidth: 2 }),
      Plot.line(theory, { x: "x", y: "y", z: "s", sort: "x", stroke: "currentColor", strokeDasharray: "4,4", strokeWidth: 1.3, strokeOpacity: 0.9 }),
      Plot.dot(points, { x: "x", y: "y", fill: many > 1 ? "s" : "steelblue", r: 3.5, tip: true, channels: { cell: "s" } }),
    ],
  });
}

function tiles() {
  const best = document.createElement("div");
  best.className = "tiles";
  const tile = (text, what) => { const t = element("div", undefined, "tile"); t.append(element("b", text), element("span", what)); best.append(t); };
  if (page.cells.length) tile(String(page.cells.length), page.cells.length === 1 ? "cell" : "cells");
  const range = (name, what, f = digits) => {
    const v = rows.filter((r) => r.metric === name && r.value != null).map((r) => r.value);
    if (!v.length) return;
    const [a, b] = [Math.min(...v), Math.max(...v)].map((x) => f(+x.toPrecision(3)));
    tile(a === b ? a : a + " – " + b, what);
  };
  range("shannon_bits_mean", "bits of entropy");
  range("latency_s_mean", "seconds, mean latency");
  range("latency_s_p99", "seconds, 99th percentile");
  const verdicts = page.verdicts ?? [];
  if (verdicts.length) tile(verdicts.filter((v) => v.pass).length + " of " + verdicts.length, "checks pass");
  if (best.children.length && !only) content.append(best);
}

function latency() {
  const ds = page.latencies ?? [];
  if (!ds.length) return;
  const shown = ds.length <= 8 ? ds : d3.range(8).map((i) => ds[Math.round((i * (ds.length - 1)) / 7)]);
  const points = shown.flatMap((d) => d.at.map((at, i) => ({ at, share: d.share[i], s: cells.get(d.cell) ? series(cells.get(d.cell)) : d.cell })));
  const theory = shown.flatMap((d) => (d.theory ?? []).map((t, i) => ({ at: d.at[i], share: t, s: series(cells.get(d.cell)) })).filter((p) => p.share != null));
  const many = shown.length > 1;
  section("latency", "How long messages take", "Share of messages that have arrived after a time." + (theory.length ? " Dashed: theory." : "") + (ds.length > shown.length ? ` ${shown.length} of ${ds.length} cells.` : ""),
    Plot.plot({
      width: width(), height: 380, marginLeft: 55, marginBottom: 44, grid: true, x: many ? axis("latency, s", points.map((p) => p.at).filter((x) => x > 1e-3)) : axis("latency, s", [], { domain: [0, d3.max(points.filter((p) => p.share < 0.995), (p) => p.at)] }),
      y: { label: "↑ share of messages", tickFormat: "%", domain: [0, 1] }, color: colours(points), style: font,
      marks: [
        Plot.ruleY([0.5, 0.9, 0.99], { strokeOpacity: 0.25, strokeDasharray: "2,3" }),
        Plot.line(points.filter((p) => p.at > 0), { x: "at", y: "share", z: "s", stroke: many ? "s" : "steelblue", strokeWidth: 1.8, clip: true, tip: "x" }),
        Plot.line(theory.filter((p) => p.at > 0), { x: "at", y: "share", z: "s", stroke: "currentColor", strokeDasharray: "5,4", clip: true }),
      ],
    }));
}

function entropy() {
  const charts = numeric.map((key) => lines("shannon_bits_mean", key)).filter(Boolean);
  if (charts.length) section("entropy", "How well messages hide", "Mean Shannon entropy of where a message went, as a watcher of every link sees it. Bars: 95 % intervals. Dashed: theory, where it is valid.", ...charts);
}

function unlinkability() {
  const charts = numeric.map((key) => lines("epsilon_mean", key)).filter(Boolean);
  if (charts.length) section("unlinkability", "Whose message is it?", "Third-party unlinkability of two labelled senders: ε = |ln(p₀/p₁)| over the outputs of either; 0 is perfect. Bars: 95 % intervals.", ...charts);
}

// beats says whether q is better than p in latency and entropy, as far as their intervals tell.
function beats(q, p) { return (q.lo <= p.hi && q.y > p.y) || (q.hi < p.lo && q.y >= p.y); }

function frontier() {
  const points = page.cells.map((c) => {
    const x = metric(c.label, "latency_s_mean") ?? metric(c.label, "target_latency_s_mean");
    return { x: x?.value, lo: x?.lo, hi: x?.hi, y: metric(c.label, "shannon_bits_mean")?.value, mb: c.mb_day, s: series(c) };
  }).filter((p) => p.x != null && p.y != null);
  if (points.length < 3) return;
  const traffic = new Set(points.map((p) => p.mb)).size > 1;
  const best = points.filter((p) => !points.some((q) => beats(q, p) && (!traffic || q.mb <= p.mb)));
  section("frontier", "What latency" + (traffic ? " and bandwidth buy" : " buys"), "One point for each cell. The line joins those that no other cell beats in both latency and entropy, as far as their intervals tell" + (traffic ? ", at its bandwidth." : "."),
    Plot.plot({
      width: width(), height: 400, marginLeft: 55, marginBottom: 44, grid: true, x: axis("mean latency, s", points.map((p) => p.x)), y: { label: "↑ entropy, bits", nice: true }, style: font,
      color: traffic ? { legend: true, label: "MB a day and client", scheme: "viridis", type: wide(points.map((p) => p.mb)) ? "log" : "linear" } : undefined,
      marks: [
        Plot.line(best, { x: "x", y: "y", z: traffic ? "mb" : null, sort: "x", stroke: traffic ? "mb" : "currentColor", strokeOpacity: 0.5 }),
        Plot.dot(points, { x: "x", y: "y", fill: traffic ? "mb" : "steelblue", r: 5, tip: true, channels: { cell: "s" } }),
      ],
    }));
}

function attacks() {
  const byMetric = d3.group(page.curves ?? [], (c) => c.metric);
  for (const [name, curves] of byMetric) {
    const points = curves.flatMap((c) => c.x.map((x, i) => ({ x, y: c.y[i], lo: c.lo?.[i], hi: c.hi?.[i], s: cells.get(c.cell) ? series(cells.get(c.cell)) : c.cell })));
    const many = new Set(points.map((p) => p.s)).size > 1;
    section(name, "Attack: " + name.replaceAll("_", " "), "Band: 95 % interval.", Plot.plot({
      width: width(), height: 340, marginLeft: 60, marginBottom: 44, grid: true, x: axis(name.includes("positives") ? "share of false positives" : "rounds", points.map((p) => p.x)), y: { label: "↑ " + name.replaceAll("_", " "), nice: true, domain: points.every((p) => p.y >= 0 && p.y <= 1) ? [0, 1] : undefined }, color: colours(points), style: font,
      marks: [
        Plot.areaY(points.filter((p) => p.lo != null && p.hi != null), { x: "x", y1: "lo", y2: "hi", z: "s", fill: many ? "s" : "steelblue", fillOpacity: 0.15, clip: true }),
        Plot.line(points, { x: "x", y: "y", z: "s", stroke: many ? "s" : "steelblue", strokeWidth: 2, tip: "x" }),
      ],
    }));
  }
}

// explore lets the reader plot any metric against any swept key.
function explore() {
  const names = [...new Set(rows.map((r) => r.metric))].filter((n) => !n.endsWith("_theory") && !n.includes("@"));
  if (!numeric.length || names.length < 2) return;
  const pick = (options, chosen) => { const s = element("select"); for (const o of options) { const e = element("option", say(o)); e.value = o; s.append(e); } s.value = chosen; return s; };
  const y = pick(names, names.find((n) => n.startsWith("latency_s_p9")) ?? names[1]), x = pick(numeric, numeric[0]), figure = element("figure");
  const draw = () => figure.replaceChildren(lines(y.value, x.value) ?? element("p", "There are too few numbers to draw."));
  x.onchange = y.onchange = draw;
  const controls = element("p");
  const label = (text, s) => { const l = element("label", text + " "); l.append(s); controls.append(l); };
  label("show", y); label("against", x);
  draw();
  section("explore", "Everything else", "Any metric against any swept key.", controls, figure);
}

function table(head, body) {
  const t = element("table"), top = t.createTHead().insertRow(), bottom = t.createTBody();
  for (const h of head) top.append(element("th", h));
  for (const r of body) {
    const line = bottom.insertRow();
    for (const cell of r) line.append(cell instanceof Node ? cell : element("td", cell, /^[-–]?[\d.]+(e[-+]\d+)?$/.test(cell) ? "n" : ""));
  }
  const box = element("div", undefined, "scroll");
  box.append(t);
  return box;
}

function conformance() {
  const vs = page.verdicts ?? [];
  if (!vs.length) return;
  const known = vs.filter((v) => v.expected != null && v.measured != null && v.tolerance > 0).map((v, i) => ({ i, off: Math.max(-1.6, Math.min(1.6, (v.measured - v.expected) / v.tolerance)), se: (v.standard_error ?? 0) / v.tolerance, pass: v.pass, s: (v.id ? v.id + " · " : "") + v.setup + " · " + v.metric }));
  const body = vs.map((v) => [v.id ?? "", v.setup, v.metric, v.level, v.expected == null ? v.bounds ?? "–" : digits(v.expected) + (v.tolerance != null ? " ± " + digits(+(+v.tolerance).toPrecision(2)) : ""), digits(v.measured), digits(v.standard_error == null ? null : +v.standard_error.toPrecision(2)), element("td", v.pass ? "pass" : "fails: " + v.reason, v.pass ? "pass" : "fail")]);
  const drawing = known.length < 3 ? [] : [Plot.plot({
    width: width(), height: 220, marginLeft: 55, marginBottom: 34, x: { label: "checks in the order of the table →", labelOffset: 24, ticks: [] }, y: { label: "↑ (measured − expected) / tolerance", domain: [-1.7, 1.7], ticks: [-1, 0, 1] }, style: font,
    marks: [
      Plot.rectY([0], { x1: -1, x2: known.length, y1: -1, y2: 1, fill: "seagreen", fillOpacity: 0.12 }), Plot.ruleY([0], { strokeOpacity: 0.4 }),
      Plot.ruleX(known, { x: "i", y1: (d) => d.off - 1.96 * d.se, y2: (d) => d.off + 1.96 * d.se, strokeOpacity: 0.4 }),
      Plot.dot(known, { x: "i", y: "off", fill: (d) => (d.pass ? "seagreen" : "crimson"), r: 3, tip: true, channels: { check: "s" } }),
    ],
  })];
  section("checks", "Checked against theory and published numbers", "A check passes when the standard error is at most a third of the tolerance and the difference is within it" + (drawing.length ? " (the green band)." : "."), ...drawing,
    table(["id", "set-up", "metric", "level", "expected", "measured", "standard error", "verdict"], body));
}

function summary() {
  if (!rows.length) return;
  const body = rows.map((r) => [r.cell || "–", r.metric, digits(r.value), digits(r.lo) === digits(r.hi) ? "exact" : digits(r.lo) + " … " + digits(r.hi), r.unit, String(r.n), r.method]);
  section("numbers", "All numbers", "Also in summary.csv, with all digits.", table(["cell", "metric", "value", "95 % interval", "unit", "n", "method"], body));
}

tiles(); latency(); entropy(); unlinkability(); frontier(); attacks(); explore(); conformance(); summary();
for (const f of page.facts ?? []) document.getElementById("facts").append(element("dt", f.name), element("dd", f.value));
