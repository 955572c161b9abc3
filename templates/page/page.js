(async () => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const data = await judging.unpacked($("data").textContent);
  const part = (number) => data.pool[number];
  const body = document.querySelector("#cells tbody");
  const rows = [...body.rows];
  const cells = data.cells.map((cell, at) => {
    const runtime = data.runtimes[cell.r];
    const formats = cell.formats.map(part).map((one) => ({ format: one.format, quants: part(one.quants), says: one.says, evidence: one.evidence }));
    return { ...cell, at, runtime, formats, row: rows[at], effective: cell.inferred ? "untested" : cell.status };
  });
  root.classList.add("scripted");

  /* --- filters --- */
  const form = $("filters");
  const fields = ["q", "os", "backend", "task", "form", "fit", "status", "state"];
  const readers = ["solo", "team", "production", "distributed"];
  const haystacks = new Map();
  function haystack(cell) {
    if (!haystacks.has(cell.at)) {
      const runtime = cell.runtime;
      const words = [runtime.id, runtime.aliases.join(" "), runtime.summary, runtime.best, runtime.families.join(" "), cell.id, cell.tasks.join(" ")];
      const formats = cell.formats.map((one) => `${one.format} ${one.quants.join(" ")}`);
      haystacks.set(cell.at, [cell.row.textContent, ...words, ...formats, ...cell.requires.map((one) => part(one).says)].join(" ").toLowerCase());
    }
    return haystacks.get(cell.at);
  }
  function loads(cell, wanted) {
    const word = wanted.slice(2);
    if (wanted.startsWith("f:")) return cell.formats.some((one) => one.format === word);
    return cell.formats.some((one) => one.quants.includes(word));
  }
  function matches(cell, wish, words) {
    return (!wish.os || cell.os.includes(wish.os)) && (!wish.backend || cell.backend === wish.backend)
      && (!wish.task || cell.tasks.includes(wish.task)) && (!wish.form || loads(cell, wish.form))
      && (!wish.fit || cell.runtime.fit[readers.indexOf(wish.fit)] > 0)
      && (!wish.status || wish.status.split(" ").includes(cell.effective)) && (!wish.state || cell.runtime.state === wish.state)
      && mine.shows(cell)
      && words.every((word) => haystack(cell).includes(word));
  }
  function filter() {
    const wish = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
    const words = wish.q.toLowerCase().split(/\s+/).filter(Boolean);
    const runtimes = new Set();
    let shown = 0;
    for (const cell of cells) {
      const hit = matches(cell, wish, words);
      cell.row.hidden = !hit;
      const detail = details.get(cell.at);
      if (detail) detail.hidden = !hit;
      if (hit) { shown += 1; runtimes.add(cell.r); }
    }
    $("count").textContent = `${shown === cells.length ? shown : `${shown} of ${cells.length}`} combinations of ${runtimes.size} runtime${runtimes.size === 1 ? "" : "s"}`;
    $("nothing").hidden = shown > 0;
    $("cells").hidden = shown === 0;
    remember(wish);
  }
  function remember(wish) {
    const said = new URLSearchParams(Object.entries(wish).filter(([, value]) => value)).toString();
    try { history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search); } catch { /* a page in a frame may not */ }
  }
  function recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    for (const name of fields) {
      const field = form.elements[name];
      const value = said.get(name) ?? "";
      field.value = value;
      if (field.value !== value) field.value = "";
    }
  }
  function clear() {
    for (const name of fields) form.elements[name].value = "";
    mine.showAll();
    filter();
  }
  let waiting = 0;
  form.addEventListener("input", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(filter); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  $("again").addEventListener("click", () => { clear(); $("q").focus(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); $("q").focus(); }
  });
  window.addEventListener("hashchange", () => { if (location.hash !== "#matrix") { recall(); filter(); } });

  /* --- order --- */
  const text = (kind) => (cell) => cell.row.querySelector(`.c-${kind}`).textContent.trim().toLowerCase();
  const level = (words) => (word) => words.indexOf(word);
  const status = level(["works", "partial", "untested", "broken", "unsupported"]);
  const how = ["run", "installed", "resolved", "read"];
  const keys = {
    runtime: (cell) => cell.runtime.name.toLowerCase(),
    os: (cell) => cell.os.join(" "),
    backend: (cell) => cell.backend,
    status: (cell) => status(cell.effective),
    formats: text("formats"),
    fit: (cell) => -cell.runtime.fit.reduce((sum, one) => sum + one, 0),
    caveat: text("caveat"),
    evidence: (cell) => {
      const best = cell.evidence.map(part).reduce((found, one) => Math.min(found, how.indexOf(one[0])), how.length);
      const date = cell.evidence.map(part).filter((one) => how.indexOf(one[0]) === best).map((one) => one[1]).sort().pop() ?? "";
      return `${best} ${[...date].map((digit) => (digit === "-" ? "-" : 9 - digit)).join("")}`;
    },
  };
  function sort(head) {
    const button = head.querySelector("button");
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    const keyed = cells.map((cell) => [keys[button.dataset.sort](cell), cell]);
    keyed.sort(([a, one], [b, other]) => (a < b ? -sign : a > b ? sign : one.at - other.at));
    const all = document.createDocumentFragment();
    for (const [, cell] of keyed) {
      all.append(cell.row);
      if (details.has(cell.at)) all.append(details.get(cell.at));
    }
    body.append(all);
  }
  document.querySelector("#cells thead").addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (head && event.target.closest("button")) sort(head);
  });

  /* --- details --- */
  const details = new Map();
  function element(name, content, className) {
    const made = document.createElement(name);
    if (className) made.className = className;
    for (const one of [content ?? []].flat()) made.append(one);
    return made;
  }
  const proof = (number) => {
    const [kind, date, source, says] = part(number);
    return element("li", [says, " ", element("span", `${kind} ${date}, ${source}`, "source")]);
  };
  const list = (items) => (items.length ? element("ul", items) : null);
  function link(runtime) {
    if (!runtime.home) return runtime.said_home;
    const made = element("a", runtime.said_home);
    made.href = runtime.home;
    made.rel = "noopener noreferrer";
    return made;
  }
  function project(runtime) {
    const since = runtime.since ? ` since ${runtime.since}` : "";
    const successor = runtime.successor ? `; instead: ${runtime.successor}` : "";
    return `${runtime.state}${since}${successor}.${runtime.says ? ` ${runtime.says}` : ""}`;
  }
  function supports(cell) {
    return cell.formats.map((one) => {
      const quants = one.quants.length ? `: ${one.quants.join(", ")}` : "";
      return element("li", [element("b", one.format), quants, one.says ? ` (${one.says})` : "", ...one.evidence.map((number) => element("span", ` ${part(number).slice(0, 3).join(" ")}`, "source"))]);
    });
  }
  function said(cell, names) {
    return cell[names].map(part).map((one) => {
      const effect = one.effect ? `${one.effect}${one.when === null ? "" : ", in some cases"}: ` : "";
      return element("li", [effect, one.says, list(one.evidence.map(proof)) ?? ""]);
    });
  }
  function describe(cell) {
    const runtime = cell.runtime;
    const parts = [
      ["What it is", runtime.summary],
      ["Best for", runtime.best],
      ["The one thing to know", runtime.caveat],
      ["Project", project(runtime)],
      ["Home", link(runtime)],
      ["Licence", runtime.licence ?? "unknown"],
      ["Version", runtime.version ?? "unknown"],
      ["Tasks", cell.tasks.join(", ")],
      ["Features", cell.features.join(", ")],
      ["Requests at once", cell.batching === "none" ? "" : cell.batching],
      ["Several devices", cell.split === "none" ? "one device only" : `split by ${cell.split}`],
      ["Needs", list(said(cell, "requires"))],
      ["Mind", list(said(cell, "caveats"))],
      ["Loads", list(supports(cell))],
      ["Evidence", list(cell.evidence.map(proof)) ?? (cell.inferred ? `None of its own; inferred from ${cell.inferred}.` : "None.")],
      ["Project's evidence", list(runtime.proof.map(proof))],
      ["Commands", element("code", `pathfinder matrix show ${runtime.id}`)],
    ];
    const box = element("dl");
    for (const [name, content] of parts) if (content) box.append(element("dt", name), element("dd", content));
    return box;
  }
  for (const cell of cells) {
    const button = element("button", "Details", "open");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", `Details of ${cell.runtime.name} on ${cell.id}`);
    cell.row.lastElementChild.append(" ", button);
  }
  function toggle(button) {
    const row = button.closest("tr");
    const cell = cells[Number(row.dataset.i)];
    const known = details.get(cell.at);
    button.setAttribute("aria-expanded", String(!known));
    if (known) { known.remove(); details.delete(cell.at); return; }
    const made = element("tr", null, "detail");
    const inside = element("td", describe(cell));
    inside.colSpan = 8;
    if (row.hasAttribute("role")) { made.setAttribute("role", "row"); inside.setAttribute("role", "cell"); }
    made.append(inside);
    made.id = `detail-${cell.at}`;
    button.setAttribute("aria-controls", made.id);
    row.after(made);
    details.set(cell.at, made);
  }
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (button) toggle(button);
  });
  body.addEventListener("keydown", (event) => {
    const made = event.key === "Escape" && event.target.closest("tr");
    if (!made) return;
    const button = (made.classList.contains("detail") ? made.previousElementSibling : made).querySelector("button.open[aria-expanded=true]");
    if (button) { toggle(button); button.focus(); }
  });

  const mine = hardware(data, cells, element, () => { haystacks.clear(); filter(); });

  /* --- colours --- */
  function paint(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  }
  function kept() { try { return localStorage.getItem("pathfinder-theme") ?? ""; } catch { return ""; } }
  for (const choice of document.getElementsByName("theme")) {
    choice.checked = choice.value === kept();
    choice.addEventListener("change", () => {
      paint(choice.value);
      try { localStorage.setItem("pathfinder-theme", choice.value); } catch { /* a file may keep nothing */ }
    });
  }
  paint(kept());

  if (matchMedia("(max-width: 820px)").matches) {
    $("more").open = false;
    /* Rows laid out as cards stop being a table to some screen readers unless they are said to be one. */
    const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
    for (const one of [$("cells"), ...$("cells").querySelectorAll("thead, tbody, tr, th, td")]) {
      one.setAttribute("role", roles[one.tagName] ?? (one.scope === "col" ? "columnheader" : "rowheader"));
    }
  }
  recall();
  filter();
  root.dataset.ready = String(Math.round(performance.now()));
})();
