/* Whether a runtime runs on a machine, with one of the models offered or whatever the model: the same steps as match.py, forms.py and
   sets.py take, in the same order. Pure: facts, data and a wish in, candidates out. null is unknown, never no. */
const judging = (() => {
  const { order, least, ask, askAll, askAny } = asking;
  const JOINED = ["nvlink", "xgmi", "c2c"];
  const PHONES = ["ios", "android"];
  const known = (value) => (value === undefined ? null : value);
  const own = (value, key) => Object.prototype.hasOwnProperty.call(value, key);

  /* --- device sets --- */
  function planable(facts) {
    const devices = facts.devices ?? [];
    const cut = devices.map((one) => one.parent).filter(Boolean);
    return devices.filter((one) => one.visible !== false && !cut.includes(one.id));
  }
  function ofBackend(devices, rule) {
    return devices.filter((one) => rule.kind.includes(one.kind ?? "gpu") && !(rule.except ?? []).includes(one.vendor)
      && (!rule.vendor || known(one.vendor) === null || rule.vendor.includes(one.vendor)));
  }
  function equal(devices) {
    const groups = new Map();
    for (const one of devices) {
      const key = JSON.stringify([one.kind, one.vendor, one.name, one.arch, one.memory_bytes].map(known));
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return [...groups.values()].map((group) => [...group].sort((a, b) => (b.memory_free_bytes ?? 0) - (a.memory_free_bytes ?? 0)));
  }
  function deviceSets(devices, split) {
    const found = new Map();
    const add = (set) => {
      const key = JSON.stringify(set.map((one) => one.id).sort());
      if (set.length && !found.has(key)) found.set(key, set);
    };
    for (const group of equal(devices)) {
      add(group.slice(0, 1));
      for (let size = 2; split !== "none" && size <= group.length; size *= 2) add(group.slice(0, size));
      if (split.includes("layers")) add(group);
    }
    if (split.includes("layers")) add(devices.filter((one) => one.kind !== "npu" && !one.integrated));
    return [...found.values()];
  }
  function linked(devices, facts) {
    if (devices.length < 2) return true;
    if (known(facts.links) === null) return null;
    const joined = (a, b) => facts.links.some((one) => JOINED.includes(one.kind) && ((one.a === a && one.b === b) || (one.a === b && one.b === a)));
    return devices.every((one, at) => devices.slice(at + 1).every((other) => joined(one.id, other.id)));
  }
  function setFacts(devices, facts) {
    const sizes = devices.map((one) => known(one.memory_bytes));
    const whole = sizes.length > 0 && !sizes.includes(null);
    const archs = new Set(devices.map((one) => known(one.arch)));
    return {
      count: devices.length,
      same_arch: devices.length > 1 && archs.has(null) ? null : archs.size <= 1,
      memory_bytes: whole ? sizes.reduce((sum, one) => sum + one, 0) : null,
      smallest_memory_bytes: whole ? Math.min(...sizes) : null,
      linked: linked(devices, facts),
    };
  }
  const blocker = (fact, needed, found, holds, takes, says = null) => ({ fact, needed, found, holds, says, takes });
  function backendBlockers(backend, facts, rule, spoken) {
    if (backend === "cpu") return [];
    const needed = own(spoken, backend) ? spoken[backend] : "a GPU";
    if (!ofBackend(planable(facts), rule).length) {
      if (known(facts.devices) === null) return [blocker("devices", needed, null, null, "hardware")];
      const hidden = ofBackend(facts.devices.filter((one) => one.visible === false), rule)[0];
      if (hidden) return [blocker("device.visible", "yes", "no", false, "user", `${hidden.name || hidden.id} is hidden from runtimes by an environment variable.`)];
      return [blocker("devices", needed, "none", false, "hardware")];
    }
    const said = facts.backends && own(facts.backends, backend) ? facts.backends[backend] : null;
    const fact = `backends.${backend}.usable`;
    if (said === null || known(said.usable) === null) return [blocker(fact, "yes", null, null, "admin", known(said?.why))];
    return said.usable ? [] : [blocker(fact, "yes", "no", false, "admin", known(said.why))];
  }
  function answering(devices, backend, facts) {
    const said = facts.backends && own(facts.backends, backend) ? facts.backends[backend] : null;
    if (!said || !said.usable || !said.devices || !said.devices.length) return devices;
    const listed = devices.filter((one) => said.devices.includes(one.id) || said.devices.includes(known(one.parent)));
    return listed.length ? listed : devices;
  }

  /* --- one cell --- */
  function among(fact, found, allowed, takes) {
    if (!allowed.length || allowed.includes(found)) return [];
    const needed = allowed.length === 1 ? allowed[0] : `one of ${allowed.slice(0, 6).join(", ")}${allowed.length > 6 ? ", ..." : ""}`;
    return [blocker(fact, needed, found, found === null ? null : false, takes)];
  }
  function common(facts, cell, data) {
    const family = known(facts.os?.family);
    const fixed = PHONES.includes(family) || cell.os.every((one) => one === "macos" || PHONES.includes(one));
    const found = [
      ...among("os.family", family, cell.os, fixed ? "hardware" : "os"),
      ...among("os.arch", known(facts.os?.arch) || known(facts.cpu?.arch), cell.arch, "hardware"),
    ];
    if (cell.status === "broken" || cell.status === "unsupported") {
      const says = cell.caveats.map((at) => data.pool[at]).find((one) => one.effect === "broken")?.says ?? null;
      found.push(blocker("cell.status", "works", cell.status, false, "hardware", says));
    }
    return found;
  }
  /* A wish is {id, model, task, audience}; without one neither model nor task is looked at. */
  function scopes(facts, devices, wish, form = {}) {
    const { arch, heads, kv_heads, params } = wish?.model ?? {};
    const model = { id: wish?.id ?? "", local: false, arch, heads, kv_heads, params, format: form.format, quant: form.quant };
    const want = { task: wish?.task ?? "chat", audience: wish?.audience ?? "solo", context: null, users: 1 };
    const shared = { ...facts, set: once(devices, () => setFacts(devices, facts)), model, want };
    return devices.length ? devices.map((device) => ({ ...shared, device })) : [shared];
  }
  /* The forms of the model that a cell loads on these devices, by number; of those nobody can say only where no other is. */
  const plain = (quant) => quant.toLowerCase().replaceAll("-", "_");
  /* Found once: a decision asks it of every cell and device set. */
  const kept = new WeakMap();
  function once(one, find) {
    if (!kept.has(one)) kept.set(one, find());
    return kept.get(one);
  }
  function loaded(facts, cell, devices, wish, data) {
    const runtime = data.runtimes[cell.r];
    const reached = (form) => !form.registry || [runtime.id, ...runtime.aliases].includes(form.registry);
    const wanted = [...wish.model.forms.keys()].filter((at) => reached(wish.model.forms[at]));
    const supports = cell.formats.map((at) => data.pool[at]);
    if (!supports.length) return wanted;
    const [good, maybe] = [new Set(), new Set()];
    for (const at of wanted) {
      const form = wish.model.forms[at];
      for (const one of supports) {
        const quants = data.pool[one.quants];
        const named = () => !quants.length || once(quants, () => new Set(quants.map(plain))).has(plain(form.quant));
        if (form.format !== "" && (one.format !== form.format || !named())) continue;
        const holds = one.requires === undefined ? true : askAll(data.pool[one.requires], scopes(facts, devices, wish, form)).holds;
        if (holds) good.add(at); else if (holds === null) maybe.add(at);
      }
    }
    const own = supports.map((one) => one.format);
    const place = (at) => Math.max(0, own.indexOf(wish.model.forms[at].format));
    return [...(good.size ? good : maybe)].sort((a, b) => place(a) - place(b));
  }
  function judged(facts, cell, devices, shared, data, wish) {
    const every = scopes(facts, devices, wish);
    const blockers = [...shared];
    const other = shared.some((one) => one.fact === "os.family");
    for (const one of cell.requires.map((at) => data.pool[at])) {
      const { holds, blockers: found } = askAll(data.pool[one.when], every);
      if (!holds) blockers.push(...found.map((each) => ({ ...each, says: one.says })).filter((each) => !(other && each.fact.startsWith("os."))));
    }
    const forms = wish ? loaded(facts, cell, devices, wish, data) : [];
    if (wish && !forms.length) blockers.push(blocker("model.format", "a form it loads", null, false, "wish"));
    const hits = [];
    for (const one of cell.caveats.map((at) => data.pool[at])) {
      const when = one.when === null ? null : data.pool[one.when];
      const applies = askAny(when, every);
      if (applies === false) continue;
      if (one.effect === "broken" && applies) {
        const found = when === null ? [blocker("cell.status", "works", "broken", false, "hardware")] : askAll({ not: when }, every).blockers;
        blockers.push(...found.map((each) => ({ ...each, says: one.says })));
      } else {
        hits.push({ id: one.id, effect: one.effect, applies, says: one.says, factor: one.factor ?? null });
      }
    }
    const unique = [...new Map(blockers.map((one) => [JSON.stringify(one), one])).values()];
    return { devices: devices.map((one) => one.id), verdict: verdict(cell, unique, hits), caveats: hits, blockers: unique, forms };
  }
  function verdict(cell, blockers, hits) {
    if (blockers.some((one) => one.holds === false)) return null;
    if (blockers.length || cell.status === "untested" || cell.inferred) return "unknown";
    return cell.status === "partial" || hits.some((one) => one.effect === "partial" && one.applies) ? "partial" : "works";
  }
  function runsModel(cell, wish) {
    const { no, open } = wish.model.runs[wish.task];
    return no.includes(cell.r) || open.includes(cell.r) ? [blocker("model.arch", "one it runs", wish.model.arch, no.includes(cell.r) ? false : null, "wish")] : [];
  }
  function setsOf(facts, { backend, split }, devices) {
    const there = once(facts, () => new Map());
    const name = `${backend} ${split}`;
    if (!there.has(name)) there.set(name, deviceSets(devices, split));
    return there.get(name);
  }
  /* Every device set of one cell: {devices, verdict (null: no), caveats, blockers, forms}. */
  function candidates(facts, cell, data, wish = null) {
    const rule = data.backends[cell.backend];
    const shared = [...common(facts, cell, data), ...(wish ? runsModel(cell, wish) : []), ...backendBlockers(cell.backend, facts, rule, data.spoken)];
    if (!rule.kind.length) return [judged(facts, cell, [], shared, data, wish)];
    const devices = answering(ofBackend(planable(facts), rule), cell.backend, facts);
    const sets = setsOf(facts, cell, devices);
    if (sets.length) return sets.map((set) => judged(facts, cell, set, shared, data, wish));
    return [{ devices: [], verdict: null, caveats: [], forms: [], blockers: shared.length ? shared : [blocker("devices", "a device", "none", false, "hardware")] }];
  }
  /* The answer for one cell: its best candidate, and "no" said as a word. */
  function best(found) {
    const open = found.filter((one) => one.verdict !== null);
    const words = ["works", "partial", "unknown"];
    open.sort((a, b) => words.indexOf(a.verdict) - words.indexOf(b.verdict) || Number(a.blockers.length > 0) - Number(b.blockers.length > 0));
    if (open.length) return open[0];
    const way = least(found.map((one) => one.blockers));
    return { ...(found.find((one) => one.blockers === way) ?? found[0]), verdict: "no" };
  }
  /* What `check runtime:ID` says of all cells of a runtime. */
  function check(found) {
    const open = found.filter((one) => one.verdict !== null);
    return open.some((one) => !one.blockers.length) ? "pass" : open.length ? "unknown" : "fail";
  }
  /* The page's data out of its text: gzip in base64. */
  function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }
  /* Facts out of a text. Throws a sentence when it holds none. */
  function read(text) {
    let said;
    try { said = JSON.parse(text); } catch { throw new Error("This is not JSON. Paste the whole output of: pathfinder detect --json"); }
    if (said?.schema === "pathfinder/fleet/v1") throw new Error("These are the facts of several machines; paste one of them.");
    if (said?.schema !== "pathfinder/facts/v1") throw new Error("These are no facts: the schema pathfinder/facts/v1 is missing. A recording becomes facts by: pathfinder detect --json --host FILE");
    const plain = (value) => value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));
    const listed = (value) => value === undefined || value === null || (Array.isArray(value) && value.every((one) => one !== null && typeof one === "object"));
    const wrong = ["os", "cpu", "memory", "backends", "tools", "runtimes"].find((name) => !plain(said[name])) ?? ["devices", "links", "toolkits", "disk"].find((name) => !listed(said[name]));
    if (wrong) throw new Error(`The facts are damaged: ${wrong} has another form than detect gives it.`);
    return said;
  }
  return { candidates, best, check, read, unpacked, scopes };
})();
