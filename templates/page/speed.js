/* Where layers lie and how fast they are read: the same as placement.py, chips.py and speed.py. Bytes, seconds, tokens a second; null is unknown. */
const timing = (() => {
  const RAM = -1;
  const known = (value) => (value === undefined ? null : value);
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

  /* --- placement.py: which layer lies where, the output last --- */
  function placed(count, gpuLayers, shares) {
    if (!shares.length || gpuLayers <= 0) return Array(count + 1).fill(RAM);
    const offloaded = Math.min(gpuLayers, count + 1);
    const start = count + 1 - offloaded;
    const all = sum(shares) || 1;
    const bounds = shares.map((_, at) => sum(shares.slice(0, at + 1)) / all);
    return Array.from({ length: count + 1 }, (_, at) => {
      if (at < start) return RAM;
      const found = bounds.findIndex((bound) => (at - start) / offloaded < bound);
      return found < 0 ? shares.length - 1 : found;
    });
  }
  function sharesOf(devices) {
    const free = devices.map((one) => known(one.memory_free_bytes || one.memory_bytes));
    return free.includes(null) ? devices.map(() => 1) : free;
  }

  /* --- chips.py --- */
  const NOISE = /\((?:r|tm|c)\)|®|™|\b(?:nvidia|amd|ati|intel|apple|qualcomm|graphics|corporation|gpu|series|with|design)\b/gi;
  const LAPTOP = /\b(?:laptop|mobile)\b/gi;
  const LEFT_OUT = ["geforce", "radeon", "tesla", "device"];
  function said(name) {
    const plain = name.toLowerCase().replace(NOISE, " ").replace(/\b\d+ ?gb\b/gi, " ").replace(LAPTOP, " ");
    const words = (plain.match(/[a-z0-9+]+(?:-[a-z0-9]+)*/g) ?? []).filter((word) => !LEFT_OUT.includes(word));
    return { words: [...new Set(words)], mobile: name.search(/\b(?:laptop|mobile|max-q)\b/i) >= 0 };
  }
  /* Found once for each chip and device: one decision asks it of every cell and device set. */
  const kept = new WeakMap();
  function once(one, find) {
    if (!kept.has(one)) kept.set(one, find());
    return kept.get(one);
  }
  /* What a name may mean: lists of PCI ids say `Navi 31 [Radeon RX 7900 XT/7900 XTX]`. */
  function meanings(name) {
    const listed = /\[([^\]]*\d[^\]]*)\]/.exec(name);
    const [first, ...rest] = (listed ? listed[1] : name).split("/");
    const lead = /^\D*/.exec(first)[0];
    return [first, ...rest.map((other) => `${lead}${other.trim()}`)].map(said);
  }
  const distance = (a, b) => (known(a) === null || known(b) === null || !b ? 0 : Math.abs(a - b) / b);
  const before = (a, b) => a.map((one, at) => one - b[at]).find((less) => less !== 0) < 0;
  function chipOf(device, chips) {
    if (known(device.name) === null) return null;
    const told = meanings(device.name);
    const own = chips.filter((one) => device.vendor && one.vendor === device.vendor);
    let best = null;
    for (const chip of own.length ? own : chips.filter((one) => one.vendor !== "cpu")) {
      for (const { words, mobile } of once(chip, () => chip.names.map(said))) {
        if (!words.length || !told.some((one) => one.mobile === mobile && words.every((word) => one.words.includes(word)))) continue;
        const away = distance(chip.memory, device.memory_bytes);
        const place = [told.length > 1 ? away : 0, -words.length, away];
        if (best === null || before(place, best.place)) best = { place, chip };
      }
    }
    return best?.chip ?? null;
  }
  /* Without a known name: the chip of the same architecture with the nearest memory. */
  function relative(device, chips) {
    const same = chips.filter((one) => known(device.arch) !== null && one.arch === device.arch);
    return same.reduce((best, one) => (best === null || distance(one.memory, device.memory_bytes) < distance(best.memory, device.memory_bytes) ? one : best), null);
  }
  function processorOf(model, board, chips) {
    const text = [model, board].filter(Boolean).join(" ").toLowerCase().replace(/\((?:r|tm)\)/g, "");
    return (text && chips.find((one) => one.pattern && new RegExp(one.pattern).test(text))) || null;
  }

  /* --- speed.py --- */
  function engineRow(engine, table) {
    const alias = table.engines?.[engine];
    return { decode: table.decode[alias ? alias.like : engine] ?? table.decode.default, factor: alias ? Number(alias.factor) : 1 };
  }
  function place(what, device, offers) {
    const { facts } = what;
    const { decode, factor } = engineRow(what.engine, offers.speed);
    const chip = once(device, () => chipOf(device, offers.chips) ?? relative(device, offers.chips));
    let bandwidth = device.bandwidth_bytes_per_second || known(chip?.bandwidth);
    if (bandwidth === null && (device.shared_memory || device.integrated)) {
      bandwidth = facts.memory?.bandwidth_bytes_per_second || known(processorOf(facts.cpu?.model, facts.board?.model, offers.chips)?.bandwidth);
    }
    if (bandwidth === null) return null;
    const arch = device.arch || chip?.arch;
    const near = [["chip", decode.chip?.[chip?.names?.[0]]], ["arch", decode.arch?.[arch]]].find(([, one]) => one)
      ?? ["backend", decode.backend[what.backend] ?? Object.values(decode.backend)[0]];
    return {
      bandwidth: near[1].share * bandwidth * factor,
      seconds: (near[1].layer_microseconds * 1e-6) / factor,
      spread: offers.speed.spread[chip ? near[0] : "guess"],
    };
  }
  function coresOf(cpu) {
    const usable = known(cpu.usable_cpus);
    if (usable !== null && cpu.cores && cpu.threads) return Math.min(cpu.cores, usable >= cpu.threads ? (usable * cpu.cores) / cpu.threads : usable);
    return known(cpu.cores) ?? usable;
  }
  function processor(what, offers) {
    const { facts } = what;
    const [cpu, table] = [facts.cpu ?? {}, offers.speed];
    const { decode, factor } = engineRow(what.engine, table);
    const measured = facts.memory?.bandwidth_bytes_per_second;
    let bandwidth = measured || known(processorOf(cpu.model, facts.board?.model || facts.board?.soc, offers.chips)?.bandwidth);
    let share = (decode.backend.cpu ?? table.decode.default.backend.cpu).share;
    const rates = table.cpu.core_bytes_per_second;
    const has = cpu.features ? Object.keys(rates).find((one) => cpu.features.includes(one)) : cpu.arch === "aarch64" ? "dotprod" : "avx2";
    const core = rates[has] ?? table.cpu.small_core_bytes_per_second;
    const cores = coresOf(cpu);
    const sockets = Math.max(1, cpu.sockets || 1);
    if (bandwidth !== null) bandwidth *= (1 + table.cpu.further_socket * (sockets - 1)) / (measured ? sockets : 1);
    if ((cores ?? 0) > table.cpu.many_cores) share *= table.cpu.many_cores_share;
    let limit = (bandwidth || table.cpu.fallback_bandwidth) * share;
    if (cores !== null) limit = Math.min(limit, cores * core);
    return {
      bandwidth: limit * factor,
      seconds: (decode.backend.cpu?.layer_microseconds ?? 40) * 1e-6,
      spread: table.spread[bandwidth ? "cpu" : "guess"],
    };
  }
  const rounded = (value) => Number(value.toFixed(value >= 10 ? 1 : 2));
  const UNKNOWN = { low: null, likely: null, high: null };
  /* Tokens a second of one sequence: bytes read over bandwidth and a time for each layer, one place after the other. */
  function decode(what, gpuLayers, expertLayers, offers) {
    const { shape, weights, devices } = what;
    const table = offers.speed;
    const places = devices.map((device) => place(what, device, offers));
    if (places.includes(null)) return UNKNOWN;
    const host = processor(what, offers);
    const order = placed(shape.trunk, places.length ? gpuLayers : 0, sharesOf(devices));
    const kernels = table.layers?.[shape.arch] ?? 1;
    const quant = table.quant?.[what.form.quant.toUpperCase()] ?? 1;
    const routed = shape.experts ? table.experts[what.backend] ?? table.experts.default : 1;
    let [seconds, apart] = [0, 0];
    order.forEach((where, layer) => {
      const at = where === RAM ? host : places[where];
      const last = layer === shape.trunk;
      let size = last ? weights.head : weights.layers[layer] - weights.experts[layer] * (1 - weights.used) + shape.kv_timed[layer];
      let away = 0;
      if (layer < Math.min(shape.trunk, expertLayers) && where !== RAM) {
        away = weights.experts[layer] * weights.used;
        apart += 1;
      }
      size -= away;
      seconds += (away / (host.bandwidth * quant) + size / (at.bandwidth * quant) + (last ? 0 : at.seconds * kernels)) * (last ? 1 : routed);
    });
    const changes = order.filter((where, at) => at && where !== order[at - 1]).length + 2 * apart;
    seconds += changes * table.switch_microseconds * 1e-6;
    const used = new Set(order);
    if (what.rule.kind === "utilisation" && places.length > 1 && !used.has(RAM)) seconds = seconds / places.length + shape.trunk * 2 * 25e-6;
    let spread = Math.max(...[...used].map((where) => (where === RAM ? host : places[where]).spread), apart ? host.spread : 0);
    if (apart || (used.has(RAM) && used.size > 1)) spread = Math.max(spread, table.spread.split);
    return seconds > 0 ? interval(1 / seconds, spread) : UNKNOWN;
  }
  const interval = (likely, spread) => ({ low: rounded(likely / (1 + spread)), likely: rounded(likely), high: rounded(likely * (1 + spread)) });
  return { RAM, UNKNOWN, placed, sharesOf, decode };
})();
