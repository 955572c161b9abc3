/* "My hardware": facts pasted, dropped or chosen, and what follows from them said in every row. Decides nothing. */
const hardware = (data, cells, element, changed) => {
  const $ = (id) => document.getElementById(id);
  const part = (number) => data.pool[number];
  const advice = advising(data, element);
  let answers = null;

  const WORDS = { works: "works here", partial: "works here, with limits", unknown: "may work here", no: "does not run here" };
  const label = (fact) => data.labels[fact] ?? fact.replace(/^device\./, "").replaceAll("_", " ");
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  function reason(one) {
    if (one.says) return one.says;
    const said = label(one.fact);
    if (one.holds === null) return `${said ? capital(said) : "The hardware"} is not known; it needs ${one.needed}.`;
    return `${capital(`${said ? `${said}: ` : ""}needs`)} ${one.needed}${one.found === null ? "" : `, found ${one.found}`}.`;
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
    const kind = () => element("span", answer.verdict === "no" ? "not here" : "open", `effect v-${answer.verdict}`);
    column.prepend(...lines.map((says) => element("p", [kind(), ` ${says}`], "reason")));
  }
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
    const { os = {}, cpu = {} } = facts;
    const system = os?.pretty_name ?? os?.name ?? os?.family ?? "a system that is not known";
    return [system, cpu?.model ?? cpu?.arch, ...said].filter(Boolean).join(", ");
  }
  function say(line, wrong) {
    $("machine").textContent = line;
    $("machine").classList.toggle("wrong", wrong);
  }
  function showAll() { $("only").checked = false; }
  function judge(text) {
    forget();
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
    $("only-label").hidden = !answers;
    if (!answers) showAll();
    changed();
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
    $("only-label").hidden = true;
    showAll();
    changed();
    $("facts").focus();
  });
  $("only").addEventListener("change", changed);
  const LARGEST = 4 << 20;
  async function load(file) {
    if (!file) return;
    const text = file.size > LARGEST ? null : await file.text().catch(() => null);
    $("facts").value = text ?? "";
    if (text !== null) judge(text);
    else say(file.size > LARGEST ? `${file.name} is too large to be the facts of a machine.` : `${file.name} cannot be read.`, true);
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
  return { showAll, shows: (cell) => !answers || !$("only").checked || answers[cell.at].verdict !== "no" };
};
