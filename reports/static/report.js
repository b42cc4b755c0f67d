"use strict";
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);

  // A link into a closed part opens it; paper shows all parts.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  // A wide map shows its beginning first.
  for (const frame of document.querySelectorAll(".frame")) {
    const first = frame.querySelector(".terminal");
    if (!first) continue;
    const middle = first.getBoundingClientRect();
    const view = frame.getBoundingClientRect();
    frame.scrollLeft = middle.left + middle.width / 2 - view.left - view.width / 2;
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of closed) part.open = false; });

  const packed = document.getElementById("occurrences");
  const section = document.getElementById("table");
  if (!packed || !section) return;
  const form = section.querySelector("form");
  const status = section.querySelector(".status");
  const body = section.querySelector(".occurrences tbody");
  const pager = section.querySelector(".pager");
  const [previous, next] = pager.querySelectorAll("button");
  const SIZE = 100;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
  const count = (number) => number.toLocaleString("en");

  const unpack = async () => {
    const bytes = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  const offset = new Intl.DateTimeFormat("sv-SE", {
    timeZone: section.dataset.zone || "UTC", dateStyle: "short", timeStyle: "short", hourCycle: "h23",
  });
  const time = (minutes) => (minutes === null ? "" : offset.format(new Date(minutes * 60000)));
  const measure = (value, unit) => {
    if (value === null) return "";
    const text = value.toLocaleString("en", { maximumFractionDigits: 9 });
    const forms = words[`unit.${unit}`];
    return forms ? fill(value === 1 ? forms[0] : forms[forms.length - 1], { n: text }) : text;
  };

  const cell = (row, text, kind) => {
    const td = row.insertCell();
    if (kind) td.className = kind;
    td.textContent = text;
    return td;
  };
  const link = (parent, text, anchor, kind) => {
    const a = document.createElement(anchor ? "a" : "span");
    if (anchor) a.href = `#${anchor}`;
    if (kind) a.className = kind;
    a.textContent = text;
    parent.append(a);
    return a;
  };

  const show = (data) => {
    const { lookup } = data;
    const total = data.rule.length;
    const cases = new Int32Array(total);
    let sum = 0;
    data.case.forEach((step, at) => { sum += step; cases[at] = sum; });
    const unknown = { title: "–", anchor: "", family: "", severity: "", unit: "" };
    const rule = (at) => lookup.rules[data.rule[at]] || unknown;
    // Only a violation is grave.
    const gravity = (at) => (data.verdict[at] === "violated" ? rule(at).severity : "");
    const caseOf = (at) => data.cases[cases[at]] || "";
    const fingerprint = (at) => data.fingerprint.slice(at * data.digits, (at + 1) * data.digits).trim();
    const first = new Int32Array(total + 1);
    data.evidence.forEach((number, at) => { first[at + 1] = first[at] + Math.min(number, data.shown); });
    // Neighbouring rows of one file are named once: orders.csv:17, 18, 21.
    const places = (at) => {
      let text = "";
      let file = -1;
      let line = 0;
      for (let i = first[at]; i < first[at + 1]; i += 1) {
        line = i === first[at] ? data.source_row[i] : line + data.source_row[i];
        text += data.source_file[i] === file ? `, ${line}` : `${text && "; "}${lookup.files[data.source_file[i]]}:${line}`;
        file = data.source_file[i];
      }
      const rest = data.evidence[at] - data.shown;
      return rest > 0 ? `${text} ${fill(words["table.more_rows"], { n: count(rest) })}` : text;
    };
    const lower = data.cases.map((name) => name.toLowerCase());
    let found = [];
    let page = 0;

    const option = (name, value, text) => {
      const each = document.createElement("option");
      each.value = value;
      each.textContent = text;
      form.elements[name].append(each);
    };
    const used = (values) => [...new Set(values)];
    used(lookup.rules.map((each) => each.family)).forEach((each) => option("family", each, words[`family.${each}`] || each));
    ["high", "medium", "low"].forEach((each) => option("severity", each, words[`severity.${each}`]));
    used(data.verdict).forEach((each) => option("verdict", each, words[`verdict.${each}`] || each));
    const present = new Set(data.rule);
    lookup.rules.forEach((each, at) => { if (present.has(at)) option("rule", String(at), each.title); });

    const draw = () => {
      const pages = Math.max(1, Math.ceil(found.length / SIZE));
      page = Math.min(Math.max(page, 0), pages - 1);
      body.replaceChildren();
      for (const at of found.slice(page * SIZE, page * SIZE + SIZE)) {
        const row = body.insertRow();
        const { title, anchor, unit } = rule(at);
        const level = gravity(at);
        if (level) link(cell(row, ""), words[`severity.${level}`] || level, "", `sev ${level}`);
        else cell(row, "–");
        link(cell(row, ""), title, anchor);
        const name = caseOf(at);
        const who = cell(row, "");
        link(who, name, lookup.walks[name]);
        if (data.related[at] >= 0 && data.related[at] !== cases[at]) {
          const other = data.cases[data.related[at]];
          who.append(" ↔ ");
          link(who, other, lookup.walks[other]);
        }
        const reason = data.reason[at];
        const why = cell(row, words[`verdict.${data.verdict[at]}`] || data.verdict[at]);
        const notes = [reason ? lookup.reasons[reason] : "", data.ambiguous[at] ? words["table.ambiguous"] : ""];
        for (const note of notes.filter(Boolean)) {
          const small = document.createElement("small");
          small.textContent = note;
          why.append(document.createElement("br"), small);
        }
        const length = cell(row, measure(data.measure[at], unit), "n");
        if (data.limit[at] !== null) {
          const small = document.createElement("small");
          small.textContent = `/ ${measure(data.limit[at], unit)}`;
          length.append(document.createElement("br"), small);
        }
        const base = data.start[at] === null ? 0 : data.start[at];
        const later = (value) => (value === null ? null : base + value);
        const times = cell(row, "", "time");
        for (const [name, value] of [["start", data.start[at]], ["due", later(data.due[at])], ["end", later(data.end[at])]]) {
          if (value === null) continue;
          const line = document.createElement("div");
          const label = document.createElement("small");
          label.textContent = words[`fact.${name}`];
          line.append(label, ` ${time(value)}`);
          times.append(line);
        }
        cell(row, places(at), "place");
        link(cell(row, ""), `#${fingerprint(at).slice(0, 10)}`, data.cited[at], "cite").title = fingerprint(at);
      }
      if (!found.length) cell(body.insertRow(), words["table.none"]).colSpan = 8;
      status.textContent = fill(words["table.found"], { n: count(found.length), all: count(total) });
      pager.querySelector("span").textContent = fill(words["table.page"], { page: count(page + 1), pages: count(pages) });
      previous.disabled = page === 0;
      next.disabled = page === pages - 1;
    };

    const filter = () => {
      const { family, severity, verdict, rule: chosen, text } = Object.fromEntries(new FormData(form));
      const wanted = text.trim().toLowerCase();
      const digits = wanted.replace(/^#?(o-)?/, "");
      const matching = wanted && new Set(lower.flatMap((name, at) => (name.includes(wanted) ? [at] : [])));
      found = [];
      for (let at = 0; at < total; at += 1) {
        const each = rule(at);
        if (family && each.family !== family) continue;
        if (severity && gravity(at) !== severity) continue;
        if (verdict && data.verdict[at] !== verdict) continue;
        if (chosen && String(data.rule[at]) !== chosen) continue;
        if (matching && !matching.has(cases[at]) && !matching.has(data.related[at])
          && !(digits.length > 3 && fingerprint(at).startsWith(digits.slice(0, data.digits)))) continue;
        found.push(at);
      }
      page = 0;
      draw();
    };

    previous.textContent = words["table.previous"];
    next.textContent = words["table.next"];
    previous.addEventListener("click", () => { page -= 1; draw(); });
    next.addEventListener("click", () => { page += 1; draw(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", filter);
    for (const more of document.querySelectorAll("a[data-rule]")) {
      more.addEventListener("click", () => {
        form.reset();
        form.elements.rule.value = String(lookup.rules.findIndex((each) => each.anchor === more.dataset.rule));
        filter();
      });
    }
    filter();
    for (const part of [form, status, section.querySelector(".scroll"), pager]) part.hidden = false;
  };

  unpack().then(show).catch(() => {
    status.textContent = words["table.failed"];
    status.hidden = false;
  });
})();
