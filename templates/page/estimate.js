/* Memory and speed of one form of a model on some devices of a machine: the same sums as estimate/ and room.py. What follows from the model
   alone is in the data; what is free, who shares it, and how fast it is read follow from the facts here. Sizes in bytes, null is unknown. */
const estimating = (() => {
  const RAM = -1;
  const RESERVE = 0.9;
  const SPARE = 256 * 2 ** 20;
  const LEAST_HELD = 0.25;
  const known = (value) => (value === undefined ? null : value);
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const each = (places, values) => [...places].map((place) => values[place.charCodeAt(0) - 48]);
  const kept = new WeakMap();
  /* Worked out once for each part of the data. */
  function once(key, make) {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key);
  }

  /* --- room.py --- */
  function usableRam(facts) {
    const memory = facts.memory ?? {};
    if (known(memory.usable_bytes) !== null) return memory.usable_bytes;
    if (known(memory.available_bytes) !== null) return Math.min(memory.available_bytes, memory.limit_bytes || memory.available_bytes);
    return known(memory.total_bytes) === null ? null : Math.floor(memory.total_bytes * RESERVE);
  }
  const sharesRam = (device, facts) => Boolean(device.shared_memory) || (Boolean(facts.memory?.unified) && Boolean(device.integrated));
  function freeOn(device, facts) {
    const ram = usableRam(facts);
    let free;
    if (known(device.memory_free_bytes) !== null) free = device.memory_free_bytes;
    else if (known(device.memory_bytes) !== null) free = Math.floor(device.memory_bytes * RESERVE);
    else return device.shared_memory || device.integrated || facts.memory?.unified ? ram : null;
    return sharesRam(device, facts) && ram !== null ? Math.min(free, ram) : free;
  }
  function utilisation(devices, rule) {
    if (rule.kind !== "utilisation" || known(rule.utilisation) === null) return null;
    return devices.filter((one) => one.memory_bytes && known(one.memory_free_bytes) !== null)
      .reduce((share, one) => Math.min(share, Math.floor((one.memory_free_bytes / one.memory_bytes) * 50) / 50), rule.utilisation);
  }
  function roomOn(device, facts, rule) {
    const free = freeOn(device, facts);
    const share = utilisation([device], rule);
    return free === null || share === null ? free : Math.min(free, Math.floor((device.memory_bytes || free) * share));
  }
  function isIntegrated(device, facts) {
    if (device.kind === "npu") return true;
    if (!device.integrated) return false;
    return !facts.memory?.unified || (facts.devices ?? []).some((other) => (other.kind ?? "gpu") === "gpu" && other.integrated === false);
  }

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

  /* --- memory.py --- */
  function available(device, facts) {
    const own = known(device.memory_free_bytes) ?? known(device.memory_bytes);
    const usable = known(facts.memory?.usable_bytes);
    if (device.shared_memory && usable !== null) return own === null ? usable : Math.min(own, usable);
    return own;
  }
  const row = (device, weights, kv, buffers, overhead, limit) => ({ device, projector: 0, total: weights + kv + buffers + overhead, available: known(limit) });
  const seeing = (one, wish) => ({ ...one, projector: wish.projector, total: one.total + wish.projector });
  function total(rows, shared, facts) {
    const all = sum(rows.map((one) => one.total));
    const spare = rows.map((one) => (one.available === null ? null : one.available - one.total));
    const usable = known(facts.memory?.usable_bytes);
    if (shared && usable !== null) spare.push(usable - all);
    const fits = spare.some((left) => left !== null && left < 0) ? false : spare.includes(null) ? null : true;
    return { rows, total: all, fits };
  }
  const allShared = (devices) => devices.length > 0 && devices.every((one) => one.shared_memory);
  function memory(what, wish, gpuLayers) {
    const { facts, devices, rule } = what;
    if (rule.kind === "utilisation" && devices.length) return claimed(what, wish);
    if ((rule.kind === "mlx" || rule.kind === "torch") && devices.length) {
      const parts = devices.length;
      const [weights, kv] = [Math.ceil(what.weights.total / parts), Math.ceil(sum(what.kv) / parts)];
      const rows = devices.map((one) => row(one.id, weights, kv, what.shape.activations.whole, what.overhead, available(one, facts)));
      return total([seeing(rows[0], wish), ...rows.slice(1)], allShared(devices), facts);
    }
    return layered(what, wish, gpuLayers);
  }
  function layered(what, wish, gpuLayers) {
    const { weights, kv, shape, facts, devices } = what;
    const places = placed(shape.trunk, gpuLayers, sharesOf(devices));
    const there = (place) => [...Array(shape.trunk).keys()].filter((layer) => places[layer] === place);
    const held = (layers) => sum(layers.map((layer) => weights.layers[layer]));
    const moved = (layers) => sum(layers.filter((layer) => layer < wish.expertLayers).map((layer) => weights.experts[layer]));
    const cached = (layers) => sum(layers.map((layer) => kv[layer]));
    const rows = [];
    devices.forEach((device, at) => {
      const own = there(at);
      if (!own.length && places[shape.trunk] !== at) return;
      const size = held(own) - moved(own) + (places[shape.trunk] === at ? weights.head : 0);
      rows.push(row(device.id, size, cached(own), what.buffers, what.overhead, available(device, facts)));
    });
    const own = there(RAM);
    const away = [...Array(shape.trunk).keys()].filter((layer) => places[layer] !== RAM);
    const size = held(own) + weights.input + (places[shape.trunk] === RAM ? weights.output : 0) + moved(away);
    rows.push(row("ram", size, cached(own), rows.length ? what.hostBuffers : what.buffers, 0, facts.memory?.usable_bytes));
    const at = wish.projectorInRam ? rows.length - 1 : 0;
    rows[at] = seeing(rows[at], wish);
    return total(rows, allShared(devices), facts);
  }
  /* A fixed share of every device; what weights and activations leave of it is cache. */
  function claimed(what, wish) {
    const { weights, shape, devices, rule } = what;
    const parts = devices.length;
    const needed = Math.ceil(sum(what.kv) / parts);
    const activations = Math.floor(shape.activations.claimed / parts);
    const [own, sees] = [Math.floor(weights.total / parts), Math.floor(wish.projector / parts)];
    const share = rule.utilisation || 0.9;
    const lefts = devices.map(({ memory_bytes: size }) => (known(size) === null ? needed : Math.floor(size * share) - own - sees - activations - what.overhead));
    const rows = devices.map((device, at) => (
      seeing(row(device.id, own, Math.max(lefts[at], needed), activations, what.overhead, device.memory_bytes), { projector: sees })));
    const found = total(rows, false, {});
    if (rows.some((one) => one.available === null)) return found;
    const free = devices.every((one) => known(one.memory_free_bytes) === null || one.memory_free_bytes >= Math.floor(one.memory_bytes * share) - SPARE);
    return { ...found, fits: free && lefts.every((left) => left >= needed) };
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
    const chip = chipOf(device, offers.chips) ?? relative(device, offers.chips);
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
    const kv = each(shape.kv_places, shape.kv_timed);
    const kernels = table.layers?.[shape.arch] ?? 1;
    const quant = table.quant?.[what.form.quant.toUpperCase()] ?? 1;
    const routed = shape.experts ? table.experts[what.backend] ?? table.experts.default : 1;
    let [seconds, apart] = [0, 0];
    order.forEach((where, layer) => {
      const at = where === RAM ? host : places[where];
      const last = layer === shape.trunk;
      let size = last ? weights.head : weights.layers[layer] - weights.experts[layer] * (1 - weights.used) + kv[layer];
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

  /* --- assemble.py --- */
  function unpacked(weights) {
    return once(weights, () => {
      const layers = each(weights.places, weights.layers);
      const experts = weights.experts ? each(weights.places, weights.experts) : layers.map(() => 0);
      return { ...weights, layers, experts, used: weights.used ?? 1, total: sum(layers) + weights.input + weights.output };
    });
  }
  /* Without a shape: the size of the files and a fifth more; what the devices do not hold may wait in system memory. */
  function bySize(size, facts, devices, offload) {
    const unknown = { gpuLayers: null, expertLayers: 0, decode: UNKNOWN };
    if (size === undefined) return { rows: [], total: 0, fits: null, ...unknown };
    const rest = Math.floor(size / 5);
    const room = devices.length ? devices.map((one) => available(one, facts)) : [known(facts.memory?.usable_bytes)];
    const limit = room.includes(null) ? null : sum(room);
    const waits = devices.length && offload && limit !== null && size + rest > limit && limit - rest >= size * LEAST_HELD;
    const held = waits ? limit - rest : size;
    const rows = [row(devices[0]?.id ?? "ram", held, 0, rest, 0, limit)];
    if (held < size) rows.push(row("ram", size - held, 0, 0, 0, facts.memory?.usable_bytes));
    return { ...total(rows, false, facts), ...unknown };
  }
  /* What `estimate` says of a form with [tokens, requests]: {rows, total, fits, gpuLayers, expertLayers, decode}. */
  function estimate({ model, form, size, facts, devices, cell, offload, expertLayers }, offers) {
    if (!form.weights) return bySize(form.size, facts, devices, offload);
    const shape = model.shapes[form.weights.shape];
    const at = model.lengths.indexOf(size[0]) * offers.requests.length + offers.requests.indexOf(size[1]);
    const share = utilisation(devices, cell.memory);
    const what = {
      form, shape, facts, devices, engine: cell.engine, backend: cell.backend, weights: unpacked(form.weights),
      rule: share === null ? cell.memory : { ...cell.memory, utilisation: share },
      kv: once(shape.kv[at], () => each(shape.kv_places, shape.kv[at])), buffers: shape.buffers[at], hostBuffers: shape.host_buffers[at],
      overhead: cell.memory.overhead_bytes ?? offers.speed.overhead_bytes[cell.backend] ?? 0,
    };
    const everything = shape.layers + 1;
    let layers = devices.length ? everything : 0;
    let wish = { projector: form.projector, projectorInRam: false, expertLayers };
    let found = memory(what, wish, layers);
    if (found.fits === false && wish.projector && devices.length && offload && what.rule.kind === "llama.cpp") {
      wish = { ...wish, projectorInRam: true };
      found = memory(what, wish, layers);
    }
    if (found.fits === false && devices.length && offload && what.rule.kind !== "utilisation") {
      const margin = offers.speed.margin_bytes ?? 0;
      const holds = (tried) => tried.rows.every((one) => one.device === "ram" || one.available === null || one.total + margin <= one.available);
      let [low, high] = [0, everything - 1];
      while (low < high) {
        const middle = Math.floor((low + high + 1) / 2);
        if (holds(memory(what, wish, middle))) low = middle; else high = middle - 1;
      }
      [layers, found] = [low, memory(what, wish, low)];
    }
    const speed = decode(what, layers, expertLayers, offers);
    /* A usual shape stands in for one that is not known: its number of layers is not the model's, and the interval is wider. */
    const rough = form.weights.shape === 1;
    const wider = speed.likely === null ? speed : { ...speed, low: Number((speed.low / 1.3).toFixed(2)), high: Number((speed.high * 1.3).toFixed(2)) };
    return { ...found, gpuLayers: devices.length && !rough ? layers : null, expertLayers: devices.length ? expertLayers : 0, decode: rough ? wider : speed };
  }
  return { estimate, usableRam, roomOn, isIntegrated, utilisation };
})();
