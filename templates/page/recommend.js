/* Which runtimes run a model here, best first: the same steps as choose.py, predict.py, plan.py, rank.py and decide.py take.
   A wish is {id, model, task, audience, prefer}: a model of those offered, with the page's own defaults for all else. */
const recommending = (() => {
  const known = (value) => (value === undefined ? null : value);
  const gib = (size) => size / 2 ** 30;

  /* --- choose.py --- */
  function ordered(numbers, wish, offers) {
    const { choose } = offers.rank;
    const { forms, params } = wish.model;
    const small = params !== null && params < choose.small_params;
    const tiers = choose[wish.prefer] ?? choose[small && wish.audience === "solo" ? "small" : wish.audience];
    const sign = choose.smallest_first.includes(wish.prefer) ? 1 : -1;
    const formats = [...new Set(numbers.map((at) => forms[at].format))];
    const place = (form) => [tiers.includes(form.quality) ? tiers.indexOf(form.quality) : tiers.length, formats.indexOf(form.format), sign * (form.bits ?? 0)];
    return numbers.map((at) => forms[at]).sort((a, b) => asking.order(place(a), place(b)));
  }
  const users = (wish, offers) => offers.rank.assume.users[wish.audience] ?? 1;
  /* Pairs of tokens and requests to try to hold, most first. */
  function lengths(wish, batching, offers) {
    const sizes = wish.model.lengths;
    const fewer = [];
    for (let count = batching === "slots" || batching === "continuous" ? users(wish, offers) : 1; count; count = Math.floor(count / 2)) fewer.push(count);
    if (batching === "continuous") return [...fewer.map((count) => [sizes[0], count]), ...sizes.slice(1).map((size) => [size, 1])];
    return fewer.flatMap((count) => sizes.map((size) => [size, count]));
  }
  function* attempts(forms, sizes, offload) {
    const fair = forms.filter((one) => one.quality !== "lossy" && one.quality !== "poor");
    const [lossy, poor] = ["lossy", "poor"].map((quality) => forms.filter((one) => one.quality === quality));
    const of = (tokens) => sizes.filter((size) => size[0] === tokens);
    for (const some of [fair, lossy]) for (const size of sizes) for (const form of some) yield [form, size, false];
    if (offload) for (const form of [...fair, ...lossy]) for (const size of of(sizes[0][0])) yield [form, size, true];
    for (const size of sizes) for (const form of poor) yield [form, size, false];
    if (offload) for (const form of poor) for (const size of of(sizes[sizes.length - 1][0])) yield [form, size, true];
  }
  /* The first form that fits, in the order of the wish; null when none does. */
  function choose(candidate, facts, wish, poor, offers) {
    const { cell, devices } = candidate;
    let forms = ordered(candidate.forms, wish, offers);
    if (!poor && forms.some((one) => one.quality !== "poor")) forms = forms.filter((one) => one.quality !== "poor");
    const ram = estimating.usableRam(facts);
    const own = devices.length ? devices.map((one) => estimating.roomOn(one, facts, cell.memory)) : [ram];
    const whole = own.includes(null) ? null : own.reduce((sum, one) => sum + one, 0);
    const beside = !devices.length || estimating.isIntegrated(devices[0], facts) ? 0 : ram;
    const both = whole === null || ram === null ? null : whole + beside;
    for (const [form, size, split] of attempts(forms, lengths(wish, cell.batching, offers), cell.offload && devices.length > 0)) {
      const limit = split ? both : whole;
      if (limit !== null && form.least > limit) continue;
      const estimate = predict(candidate, form, facts, wish, size, split, offers);
      if (estimate.fits !== false) return { form, context: size[0], requests: size[1], estimate, split };
    }
    return null;
  }

  /* --- predict.py, experts.py --- */
  function predict(candidate, form, facts, wish, size, split, offers) {
    const { cell, devices } = candidate;
    const one = (expertLayers) => estimating.estimate({ model: wish.model, form, size, facts, devices, cell, offload: split, expertLayers }, offers);
    let found = one(0);
    const layers = wish.model.routed_layers;
    if (split && cell.expert_offload && layers && found.gpuLayers !== null && found.gpuLayers <= layers) {
      found = apart(found, layers, offers.speed.margin_bytes ?? 0, one);
    }
    if (split && found.gpuLayers === 0) found = { ...found, fits: false };
    const factor = candidate.caveats.reduce((all, hit) => (hit.effect === "slower" && hit.applies && known(hit.factor) !== null ? all * hit.factor : all), 1);
    const times = (speed) => (speed === null ? null : speed * factor);
    return factor === 1 ? found : { ...found, decode: { low: times(found.decode.low), likely: times(found.decode.likely), high: times(found.decode.high) } };
  }
  /* All layers on the devices but for the experts of the fewest leading ones, where that is faster. */
  function apart(whole, layers, margin, one) {
    const held = (found) => (found.gpuLayers ?? 0) > layers && found.rows.every((row) => row.device === "ram" || (row.available ?? 0) >= row.total + margin);
    let [low, high] = [1, layers];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (held(one(middle))) high = middle; else low = middle + 1;
    }
    const found = one(low);
    return held(found) && (found.decode.likely ?? 0) > (whole.decode.likely ?? 0) && found.fits !== false ? found : whole;
  }

  /* --- plan.py --- */
  const TEXT = ["chat", "completion", "embeddings", "rerank", "training"];
  function where(candidate, chosen) {
    const { devices, cell } = candidate;
    if (!devices.length) return "The model runs on the CPU.";
    const names = [...new Set(devices.map((one) => one.name || one.id))];
    const what = devices.length > 1 && names.length === 1 ? `${devices.length}x ${names[0]}` : names.join(" and ");
    const { gpuLayers, expertLayers } = chosen.estimate;
    if (!chosen.split) return `The whole model is on ${what} through ${cell.backend}.`;
    if (expertLayers) return `All layers on ${what} through ${cell.backend}, the experts of ${expertLayers} of them in system memory.`;
    return `${gpuLayers ?? "Some"} layers on ${what} through ${cell.backend}, the rest in system memory.`;
  }
  function atOnce(held, cell, wanted) {
    if (wanted === 1) return [];
    if (cell.batching !== "slots" && cell.batching !== "continuous") return ["Requests are answered one after the other."];
    return [held === wanted ? `Planned for ${wanted} requests at once.` : `Memory holds ${held} of ${wanted} requests at once; the others wait.`];
  }
  function reasons(candidate, chosen, runtime, wish, offers) {
    const { form } = chosen;
    const found = [where(candidate, chosen)];
    if (form.quality) found.push(`${form.quant} keeps ${form.quality.replaceAll("-", " ")} quality.`);
    if (TEXT.includes(wish.task)) found.push(`Planned for ${chosen.context} tokens of context; say --context for another length.`);
    found.push(...atOnce(chosen.requests, candidate.cell, users(wish, offers)));
    if (runtime.state !== "active") {
      const since = runtime.since ? ` since ${runtime.since}` : "";
      const instead = runtime.successor ? `; its successor is ${runtime.successor}` : "";
      found.push(`The project is ${runtime.state === "maintenance" ? "in " : ""}${runtime.state}${since}${instead}.`);
    }
    if (candidate.cell.inferred) found.push(`Untested here: inferred from ${candidate.cell.inferred}.`);
    return found;
  }
  function sizeUnknown(estimate, devices) {
    if (estimate.fits !== null) return [];
    const fact = !estimate.total ? "model.params" : devices.length ? "device.memory_free_bytes" : "memory.usable_bytes";
    const needed = estimate.total ? `>= ${(Math.ceil(gib(estimate.total) * 10) / 10).toFixed(1)} GiB` : "known";
    return [{ fact, needed, found: null, holds: null, says: null }];
  }
  function placement(devices, facts, split) {
    if (!devices.length) return "cpu";
    if (devices.some((one) => estimating.isIntegrated(one, facts))) return "integrated";
    return split ? "split" : "whole";
  }
  function plan(candidate, facts, wish, poor, data) {
    const { cell, devices } = candidate;
    const chosen = choose(candidate, facts, wish, poor, data.offers);
    if (chosen === null) return null;
    const runtime = data.runtimes[cell.r];
    const unknown = [...candidate.blockers.filter((one) => one.holds === null), ...sizeUnknown(chosen.estimate, devices)];
    const { repo } = chosen.form;
    const says = `${repo} is gated: accept its licence on Hugging Face and log in (hf auth login) before the first start.`;
    const gated = wish.model.gated !== null && repo === wish.model.gated ? [{ id: "gated", effect: "needs-flag", applies: true, says }] : [];
    const rule = data.backends[cell.backend];
    const there = facts.runtimes && Object.hasOwn(facts.runtimes, runtime.id) && facts.runtimes[runtime.id]?.found;
    const wanted = users(wish, data.offers);
    return {
      runtime: runtime.id, name: runtime.name, cell, devices, estimate: chosen.estimate, form: chosen.form, id: wish.id, model: wish.model,
      verdict: unknown.length ? "unknown" : candidate.verdict, unknown, caveats: [...candidate.caveats, ...gated],
      reasons: reasons(candidate, chosen, runtime, wish, data.offers), context: chosen.context, requests: chosen.requests, wanted,
      placement: placement(devices, facts, chosen.split),
      native: devices.some((one) => (rule.native_for ?? []).includes(one.vendor)) ? "native" : rule.native,
      room: chosen.requests >= wanted ? "all" : 2 * chosen.requests >= wanted ? "half" : "few",
      effort: (there ? 0 : cell.effort[0]) + cell.effort[1],
      state: runtime.state, fit: runtime.fit[["solo", "team", "production"].indexOf(wish.audience)],
    };
  }

  /* --- rank.py --- */
  const DOUBTS = ["none", "needs-flag", "may-apply", "partial", "unknown"];
  function doubt(plan) {
    const found = plan.caveats.map((hit) => (known(hit.applies) === null ? "may-apply" : DOUBTS.includes(hit.effect) ? hit.effect : "none"));
    if (plan.unknown.length || plan.verdict === "unknown") found.push("unknown");
    if (plan.verdict === "partial") found.push("partial");
    return DOUBTS[Math.max(0, ...found.map((word) => DOUBTS.indexOf(word)))];
  }
  function peak(plan) {
    const { rows, total } = plan.estimate;
    const have = rows.map((row) => row.available);
    return !rows.length || have.includes(null) ? null : total / Math.max(1, have.reduce((sum, one) => sum + one, 0));
  }
  /* An open question does not hide that a part is known not to work, and a model nobody lists comes after those somebody does. */
  function verdict(plan) {
    const unlisted = plan.unknown.some((one) => one.fact === "model.arch");
    return unlisted || plan.caveats.some((hit) => hit.effect === "partial" && hit.applies) ? "partial" : plan.verdict;
  }
  const MEASURES = {
    state: (plan) => plan.state,
    placement: (plan) => plan.placement,
    verdict,
    effort: (plan) => plan.effort,
    speed: (plan) => plan.estimate.decode.likely,
    batching: (plan) => plan.cell.batching,
    room: (plan) => plan.room,
    peak,
    audience: (plan) => ["not-for", "usable", "made-for"][plan.fit],
    quality: (plan) => known(plan.form.quality),
    intact: (plan) => known(plan.form.quality),
    settled: (plan) => (plan.unknown.length ? "open" : "settled"),
    native: (plan) => plan.native,
    doubt,
    reach: (plan) => plan.runtime,
    devices: (plan) => plan.devices.length,
    evidence: (plan) => plan.cell.proof.split(" ")[0],
  };
  const halfOctave = (value) => Math.floor(2 * Math.log2(value) + 1e-9);
  const BUCKETS = {
    "half-octaves": (rule, value) => Math.floor(2 * Math.log2(rule.top)) - halfOctave(Math.min(Math.max(value, rule.bottom), rule.top)),
    eighths: (rule, value) => Math.min(64, Math.max(0, Math.ceil(8 * value - 1e-9))),
    count: (rule, value) => Math.min(rule.most, Math.max(0, Math.ceil(value / (rule.per ?? 1)))),
  };
  const WORST = {
    "half-octaves": (rule) => BUCKETS["half-octaves"](rule, rule.bottom) + 1,
    eighths: () => 65,
    count: (rule) => rule.most + 1,
  };
  function level(rule, value) {
    if (!rule.levels) return value === null ? WORST[rule.buckets](rule) : BUCKETS[rule.buckets](rule, value);
    const word = rule.also?.[value] ?? value;
    if (rule.levels.includes(word)) return rule.levels.indexOf(word);
    return rule.levels.includes(rule.unknown) ? rule.levels.indexOf(rule.unknown) : rule.levels.length - 1;
  }
  function levels(plan, wish, table) {
    const row = (wish.prefer ? table.rows[wish.prefer] : table.rows[wish.audience]) ?? table.rows.default;
    return row.filter((name) => name !== "id").map((name) => level(table.ranks[name], MEASURES[name](plan)));
  }

  /* --- decide.py --- */
  function isHere(facts, cell) {
    const family = known(facts.os?.family);
    const arch = known(facts.os?.arch) || known(facts.cpu?.arch);
    return (family === null || !cell.os.length || cell.os.includes(family)) && (arch === null || !cell.arch.length || cell.arch.includes(arch));
  }
  function plans(found, facts, wish, poor, data) {
    const made = found.map((candidate) => plan(candidate, facts, wish, poor, data)).filter((one) => one !== null);
    const keyed = made.map((one) => [[levels(one, wish, data.offers.rank), one.runtime, one.cell.id, one.devices.map((device) => device.id)], one]);
    keyed.sort((a, b) => asking.order(a[0], b[0]));
    const best = new Map();
    for (const [[ranks], one] of keyed) if (!best.has(one.runtime)) best.set(one.runtime, { ...one, levels: ranks });
    return [...best.values()];
  }
  /* Every runtime's best plan, best first; the poorest forms only when nothing else runs. */
  function recommend(facts, wish, data) {
    const byId = new Map((facts.devices ?? []).map((one) => [one.id, one]));
    const found = data.cells.filter((cell) => isHere(facts, cell) && cell.tasks.includes(wish.task))
      .flatMap((cell) => judging.candidates(facts, cell, data, wish)
        .map((one) => ({ ...one, cell, devices: one.devices.map((id) => byId.get(id)) })))
      .filter((one) => one.verdict !== null);
    const fair = plans(found, facts, wish, wish.prefer === "memory", data);
    return fair.length ? fair : plans(found, facts, wish, true, data);
  }
  return { recommend };
})();
