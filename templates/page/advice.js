/* The recommendation as a person meets it: four questions, plans, reasons and commands. Decides nothing; words as in show.py and questions.py. */
const advising = (data, element) => {
  const SHOWN = 5;
  const READABLE_TPS = 6;
  const DECODES = ["chat", "completion", "transcribe"];
  const PROOFS = { run: "run", installed: "installed", resolved: "resolves", read: "documented", inferred: "untested", none: "untested" };
  const $ = (id) => document.getElementById(id);
  const { tasks, models, audiences, wishes } = data.offers;
  let facts = null;

  /* --- words --- */
  const even = (number) => (number % 1 === 0.5 ? 2 * Math.round(number / 2) : Math.round(number));
  function speed({ low, likely, high }) {
    if (likely === null) return "";
    const short = (number) => (low < 10 ? String(Number(number.toPrecision(2))) : String(even(number)));
    return `${short(low)}-${short(high)} tok/s`;
  }
  function memory({ estimate: { rows } }) {
    if (!rows.length) return "";
    const devices = rows.filter((row) => row.device !== "ram");
    const own = devices.length ? devices : rows;
    const all = (key) => asking.bytes(own.reduce((sum, row) => sum + row[key], 0));
    const of = own.some((row) => row.available === null) ? "" : ` of ${all("available")}`;
    return `${all("total")}${of} ${own[0].device === "ram" ? "RAM" : "device memory"}`;
  }
  function form({ quant, format }) {
    return quant.toLowerCase() === format ? quant : `${quant} ${format}`;
  }
  function where({ cell, devices, placement }) {
    return `${cell.backend}${devices.length > 1 ? ` x${devices.length}` : ""}${placement === "split" ? " · split with system memory" : ""}`;
  }
  function proof(said) {
    const [kind, month] = said.split(" ");
    return [PROOFS[kind], month].filter(Boolean).join(" ");
  }
  /* `Q4_K_M gguf · cuda · 6.7 GiB of 11.2 GiB device memory · 44-56 tok/s · documented 2026-11` */
  function line(plan, task) {
    const fast = DECODES.includes(task) ? speed(plan.estimate.decode) : "";
    return [form(plan.form), where(plan), memory(plan), fast, proof(plan.cell.proof)].filter(Boolean).join(" · ");
  }
  function question(one) {
    const says = one.says ? ` ${one.says}` : "";
    if (one.fact === "model.arch") return `It is not said that it runs this model.${says}`;
    if (one.fact === "model.params") return "The size of the model is not known.";
    return `${data.labels[one.fact] ?? one.fact} could not be read; needed: ${one.needed}.${says}`;
  }

  /* --- plans --- */
  function wish() {
    const { task } = tasks.find((one) => one.id === $("what").value);
    const [id, first] = [$("model").value, $("first").value];
    return { id, model: models[id], task, audience: $("whom").value, prefer: first === "none" ? null : first };
  }
  function typed({ id, task, audience, prefer }) {
    return `pathfinder recommend --model ${id} --task ${task}${audience === "solo" ? "" : ` --for ${audience}`}${prefer ? ` --prefer ${prefer}` : ""}`;
  }
  function fill(box, plan, asked) {
    const minded = plan.caveats.map((hit) => ["mind", `${hit.applies === null ? "May apply: " : ""}${hit.says}`]);
    const open = plan.unknown.map((one) => ["open", question(one)]);
    const notes = [...plan.reasons.map((says) => ["", says]), ...minded, ...open];
    const lines = spelling.commands(plan, facts, asked, data);
    const code = lines.map((one) => [element("span", `# ${one.title}\n`, "soft"), `${one.line}\n`]).flat();
    box.append(element("ul", notes.map(([kind, says]) => element("li", kind ? [element("span", kind, `effect k-${kind}`), " ", says] : says))));
    box.append(element("pre", element("code", code)));
  }
  function item(plan, asked, first) {
    const box = element("details", element("summary", [element("b", plan.name), " ", element("span", line(plan, asked.task), "soft")]));
    if (first) { box.open = true; fill(box, plan, asked); }
    box.addEventListener("toggle", () => { if (box.open && box.childElementCount === 1) fill(box, plan, asked); });
    return element("li", box);
  }
  function said(plans, asked) {
    const { name } = asked.model;
    if (!plans.length) return `Nothing in the matrix runs ${name} on this machine as it is; the command below says what would change that.`;
    const sure = plans.find((plan) => !plan.unknown.length);
    const but = !plans[0].unknown.length ? "" : sure ? ` Nothing is unknown of the ${plans.indexOf(sure) + 1}., ${sure.name}.` : " Something is unknown of each of them.";
    return `${plans.length} runtime${plans.length === 1 ? " runs" : "s run"} ${name} here, the best first.${but}`;
  }
  function show() {
    const asked = wish();
    const plans = recommending.recommend(facts, asked, data);
    $("advised").textContent = said(plans, asked);
    $("plans").replaceChildren(...plans.slice(0, SHOWN).map((plan, at) => item(plan, asked, at === 0)));
    const [summary, list] = $("further").children;
    $("further").hidden = plans.length <= SHOWN;
    summary.textContent = `${plans.length - SHOWN} more`;
    list.start = SHOWN + 1;
    list.replaceChildren(...plans.slice(SHOWN).map((plan) => item(plan, asked, false)));
    $("same").lastElementChild.textContent = typed(asked);
  }

  /* --- the questions --- */
  const option = (value, text) => Object.assign(element("option", text), { value });
  function easy({ placement, estimate }) {
    return placement !== "split" && (estimate.decode.likely ?? READABLE_TPS) >= READABLE_TPS;
  }
  /* The models of a task with how they fit, those that run here first; chosen: the most capable that is read comfortably. */
  function offer() {
    const { task, models: names } = tasks.find((one) => one.id === $("what").value);
    const found = names.map((id) => [id, recommending.recommend(facts, { id, model: models[id], task, audience: "solo", prefer: null }, data)[0]]);
    const runs = found.filter(([, plan]) => plan);
    const fit = (plan) => [plan.placement === "split" ? "partly in system memory" : "fits", speed(plan.estimate.decode)].filter(Boolean).join(", ");
    const rest = found.filter(([, plan]) => !plan);
    $("model").replaceChildren(
      ...runs.map(([id, plan]) => option(id, `${models[id].name} (${fit(plan)})`)),
      ...rest.map(([id]) => option(id, `${models[id].name} (too large here, or nothing here runs it)`)),
    );
    const likely = ([, plan]) => plan.estimate.decode.likely ?? READABLE_TPS;
    const fastest = runs.reduce((best, one) => (best === null || likely(one) > likely(best) ? one : best), null);
    const best = runs.find(([, plan]) => easy(plan)) ?? fastest ?? found[0];
    $("model").value = best[0];
  }
  $("what").append(...tasks.map((one) => option(one.id, one.says)));
  $("whom").append(...Object.entries(audiences).map(([id, [title]]) => option(id, title)));
  $("first").append(...Object.entries(wishes).map(([id, [title]]) => option(id, title)));
  $("wish").addEventListener("change", (event) => {
    try {
      if (event.target === $("what")) offer();
      show();
    } catch {
      $("advised").textContent = "The facts are damaged; make them again with: pathfinder detect --json";
      for (const list of document.querySelectorAll(".plans")) list.replaceChildren();
    }
  });
  $("wish").addEventListener("submit", (event) => event.preventDefault());
  return {
    forget() { facts = null; $("wish").hidden = true; },
    show(given) { facts = given; offer(); show(); $("wish").hidden = false; },
  };
};
