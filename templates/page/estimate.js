/* Memory and speed of one form of a model on some devices of a machine: the same sums as room.py, memory.py and assemble.py. What follows
   from the model alone is in the data; what is free and who shares it follow from the facts here. Sizes in bytes, null is unknown. */
const estimating = (() => {
  const { RAM, placed, sharesOf, decode } = timing;
  const RESERVE = 0.9;
  const SPARE = 256 * 2 ** 20;
  const LEAST_HELD = 0.25;
  const known = (value) => (value === undefined ? null : value);
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

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

  /* --- assemble.py --- */
  /* Without a shape: the size of the files and a fifth more; what the devices do not hold may wait in system memory. */
  function bySize(size, facts, devices, offload) {
    const unknown = { gpuLayers: null, expertLayers: 0, decode: timing.UNKNOWN };
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
      form, shape, facts, devices, engine: cell.engine, backend: cell.backend, weights: form.weights,
      rule: share === null ? cell.memory : { ...cell.memory, utilisation: share },
      kv: shape.kv[at], buffers: shape.buffers[at], hostBuffers: shape.host_buffers[at],
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
