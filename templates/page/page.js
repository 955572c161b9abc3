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
  let answers = null;
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
      && (!answers || !$("only").checked || answers[cell.at].verdict !== "no")
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
    $("only").checked = false;
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

  /* --- my hardware --- */
  const WORDS = { works: "works here", partial: "works here, with limits", unknown: "may work here", no: "does not run here" };
  function reason(one) {
    if (one.says) return one.says;
    if (one.holds === null) return `${one.fact} is not known; it needs ${one.needed}.`;
    return `${one.fact}: needs ${one.needed}${one.found === null ? "" : `, found ${one.found}`}.`;
  }
  function told(answer) {
    const box = element("span", null, `verdict v-${answer.verdict}`);
    const untested = answer.verdict === "unknown" && !answer.blockers.length;
    box.append(untested ? "untested; nothing known stands against it here" : WORDS[answer.verdict]);
    if (answer.devices.length && answer.verdict !== "no") box.append(element("span", `on ${answer.devices.map(named).join(" + ")}`, "why"));
    return box;
  }
  /* Why, beside what is to be minded, and not twice where a caveat says it already. */
  function reasons(cell, answer) {
    const column = cell.row.querySelector(".c-caveat");
    const failing = answer.verdict === "no" ? answer.blockers.filter((one) => one.holds === false) : answer.blockers;
    const shown = column.textContent;
    const lines = [...new Set(failing.map(reason))].filter((says) => !shown.includes(says));
    column.prepend(...lines.map((says) => element("p", [element("span", answer.verdict === "no" ? "not here" : "open", `effect v-${answer.verdict}`), ` ${says}`], "reason")));
  }
  const advice = advising(data, element);
  let names = new Map();
  const named = (id) => names.get(id) ?? id;
  function forget() {
    answers = null;
    advice.forget();
    for (const one of document.querySelectorAll("#cells .verdict, #cells .applies, #cells .reason")) one.remove();
    for (const one of document.querySelectorAll("#cells .off")) one.classList.remove("off");
  }
  function applied(cell, answer) {
    const caveats = cell.caveats.map(part).sort((a, b) => Number(a.when !== null) - Number(b.when !== null));
    const lines = cell.row.querySelectorAll(".c-caveat > p:not(.reason)");
    caveats.forEach((one, at) => {
      if (one.when === null || answer.verdict === "no") return;
      const hit = answer.caveats.find((each) => each.id === one.id && each.effect === one.effect);
      lines[at].classList.toggle("off", !hit);
      lines[at].append(element("span", ` (${!hit ? "not on this machine" : hit.applies ? "applies here" : "may apply here"})`, "applies"));
    });
  }
  function machine(facts) {
    const devices = (facts.devices ?? []).map((one) => one.name ?? one.id).filter((name) => name !== facts.cpu?.model);
    const counted = new Map();
    for (const name of devices) counted.set(name, (counted.get(name) ?? 0) + 1);
    const said = [...counted].map(([name, count]) => (count > 1 ? `${count} x ${name}` : name));
    return [facts.os?.pretty_name ?? facts.os?.name ?? facts.os?.family ?? "a system that is not known", facts.cpu?.model ?? facts.cpu?.arch, ...said].filter(Boolean).join(", ");
  }
  function judge(text) {
    forget();
    const say = (line, wrong) => { $("machine").textContent = line; $("machine").classList.toggle("wrong", wrong); };
    try {
      const facts = judging.read(text);
      names = new Map((facts.devices ?? []).map((one) => [one.id, one.name ?? one.id]));
      const found = cells.map((cell) => judging.candidates(facts, data.cells[cell.at], data));
      answers = found.map(judging.best);
      cells.forEach((cell, at) => {
        cell.row.querySelector(".c-status").append(told(answers[at]));
        applied(cell, answers[at]);
        reasons(cell, answers[at]);
      });
      const words = { pass: 0, unknown: 0, fail: 0 };
      data.runtimes.forEach((_, r) => { words[judging.check(found.filter((__, at) => cells[at].r === r).flat())] += 1; });
      advice.show(facts);
      say(`${machine(facts)}: ${words.pass} runtimes run, ${words.unknown} may, ${words.fail} do not.`, false);
    } catch (error) {
      forget();
      say(error instanceof TypeError ? "The facts are damaged; make them again with: pathfinder detect --json" : error.message, true);
    }
    haystacks.clear();
    $("only-label").hidden = !answers;
    if (!answers) $("only").checked = false;
    filter();
  }
  $("judge").addEventListener("click", () => judge($("facts").value));
  $("facts").addEventListener("paste", (event) => {
    /* Put in as a whole: a browser that inserts two thousand lines one by one lays the table out for each. */
    event.preventDefault();
    $("facts").value = event.clipboardData.getData("text");
    judge($("facts").value);
  });
  $("forget").addEventListener("click", () => {
    forget();
    $("facts").value = "";
    $("file").value = "";
    $("machine").textContent = "";
    $("only").checked = false;
    $("only-label").hidden = true;
    haystacks.clear();
    filter();
    $("facts").focus();
  });
  $("only").addEventListener("change", filter);
  const LARGEST = 4 << 20;
  async function load(file) {
    if (!file) return;
    $("facts").value = file.size > LARGEST ? "" : await file.text();
    judge($("facts").value);
  }
  $("file").addEventListener("change", (event) => load(event.target.files[0]));
  const drop = $("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) { load(file); return; }
    $("facts").value = event.dataTransfer.getData("text");
    judge($("facts").value);
  });

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
