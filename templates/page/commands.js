/* The commands of a plan, one line each: the same as values.py, steps.py and quoting.py spell for a machine that is not this one. */
const spelling = (() => {
  const known = (value) => (value === undefined ? null : value);
  const HOLE = /\{([a-z_]+)\}/g;
  const PATHS = ["{env}", "{bin}", "{python}", "{data}", "{models}", "{path}"];
  const NO_FILE = "\0no file";
  const PICK = { cuda: "CUDA_VISIBLE_DEVICES", rocm: "ROCR_VISIBLE_DEVICES", vulkan: "GGML_VK_VISIBLE_DEVICES", sycl: "ONEAPI_DEVICE_SELECTOR" };

  /* --- values.py --- */
  function places(facts) {
    const windows = facts.os?.family === "windows";
    const root = windows ? "~\\AppData\\Local\\pathfinder" : "~/.local/share/pathfinder";
    const between = windows ? "\\" : "/";
    return { root, windows, between, join: (...parts) => [root, ...parts].join(between) };
  }
  function threads(facts) {
    const bounds = [known(facts.cpu?.usable_cpus) ?? known(facts.cpu?.threads), known(facts.cpu?.cores)].filter((one) => one !== null);
    return bounds.length ? Math.max(1, Math.floor(Math.min(...bounds))) : 1;
  }
  function gpuLayers(plan) {
    if (plan.placement === "cpu") return 0;
    if (plan.placement === "split" && plan.estimate.gpuLayers !== null) return plan.estimate.gpuLayers;
    return Math.max(99, (plan.model.shapes[0]?.layers ?? 0) + 1);
  }
  function ofBackend(backend, facts) {
    const devices = facts.devices ?? [];
    const said = facts.backends && Object.hasOwn(facts.backends, backend) ? facts.backends[backend]?.devices : null;
    return said?.length ? devices.filter((one) => said.includes(one.id)) : devices;
  }
  function indices(devices, every) {
    const place = (one) => one.pci || one.id;
    const order = [...every].sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
    return devices.map((one) => (order.includes(one) ? String(order.indexOf(one)) : one.id));
  }
  function names(devices, every) {
    const uuids = devices.map((one) => one.uuid).filter(Boolean);
    return uuids.length === devices.length ? uuids : indices(devices, every);
  }
  /* Variables that keep a runtime on the planned devices; none where there is nothing to pick from. */
  function picked(backend, devices, facts) {
    const every = ofBackend(backend, facts);
    if (!Object.hasOwn(PICK, backend) || every.length < 2 || every.length === devices.length) return {};
    if (backend === "cuda") return { CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: names(devices, every).join(",") };
    const numbers = indices(devices, every).join(",");
    if (backend === "rocm" && facts.os?.family === "windows") return { HIP_VISIBLE_DEVICES: numbers };
    return { [PICK[backend]]: backend === "sycl" ? `level_zero:${numbers}` : numbers };
  }
  function values(plan, facts, there, data) {
    const { form, cell, devices } = plan;
    const python = cell.install.map((at) => data.pool[at]).some((one) => one.kind === "pip");
    const env = there.join("runtimes", plan.runtime, cell.id);
    const bin = python ? `${env}${there.between}${there.windows ? "Scripts" : "bin"}` : env;
    const path = there.join("models", form.file || (form.repo || plan.runtime).replaceAll("/", "--"));
    const ref = form.repo ? `${form.repo}:${form.quant}` : path;
    const concurrent = cell.batching === "slots" || cell.batching === "continuous" ? plan.wanted : 1;
    const parallel = cell.batching === "slots" ? plan.requests : concurrent;
    return {
      env, bin, path, hf_ref: ref, data: there.join("data"), models: there.join("models"), file: form.file || "", quant: form.quant,
      python: `${env}${there.between}${there.windows ? "Scripts" : "bin"}${there.between}python${there.windows ? ".exe" : ""}`,
      model: form.format === "gguf" ? ref : form.repo || path, repo: form.repo || path, tag: form.tag || `hf.co/${ref}`, name: plan.id,
      context: String(plan.context), context_total: String(plan.context * parallel), parallel: String(parallel),
      port: String(cell.port || data.offers.rank.assume.port), host: "127.0.0.1", threads: String(threads(facts)),
      gpu_layers: String(gpuLayers(plan)), expert_layers: String(plan.estimate.expertLayers),
      devices: names(devices, ofBackend(cell.backend, facts)).join(","), device_count: String(Math.max(1, devices.length)),
      utilisation: String(estimating.utilisation(devices, cell.memory) ?? 0.9),
    };
  }

  /* --- steps.py --- */
  const fill = (text, given) => text.replace(HOLE, (hole, name) => (Object.hasOwn(given, name) ? given[name] : hole));
  const native = (text, given, there) => (there.windows && PATHS.some((one) => text.startsWith(one)) ? fill(text, given).replaceAll("/", "\\") : fill(text, given));
  const holds = (when, scope, data) => asking.evaluate(data.pool[when], scope).holds;
  function argv(items, given, scope, there, data) {
    return items.flatMap((item) => {
      if (typeof item === "string") return [native(item, given, there)];
      return holds(item.when, scope, data) ? item.argv.map((text) => native(text, given, there)) : [];
    });
  }
  function pip(template, given, facts, there) {
    const { env, python } = given;
    const { packages, python: versions, index_url: index, extra_index_urls: extra = [], find_links: links, no_binary: built = [], pre } = template.pip;
    const uv = facts.tools?.uv?.found === true;
    const system = there.windows ? "python" : "python3";
    const make = uv ? ["uv", "venv", ...(versions ? ["--python", versions] : []), env] : [system, "-m", "venv", env];
    const install = uv ? ["uv", "pip", "install", "--python", python] : [python, "-m", "pip", "install"];
    const from = [
      ...(pre ? (uv ? ["--prerelease", "allow"] : ["--pre"]) : []), ...(index ? ["--index-url", index] : []), ...extra.flatMap((url) => ["--extra-index-url", url]),
      ...(extra.length && uv ? ["--index-strategy", "unsafe-best-match"] : []), ...(links ? ["--find-links", links] : []),
      ...built.flatMap((name) => ["--no-binary", name]),
    ];
    return [
      { kind: "run", title: "Make an environment of its own", argv: make, env: {} },
      { kind: "run", title: fill(template.title, given), argv: [...install, ...from, ...packages], env: template.env ?? {}, root: template.root },
    ];
  }
  function expand(templates, given, scope, facts, there, data) {
    let made = false;
    return templates.map((at) => data.pool[at]).filter((one) => one.when === undefined || holds(one.when, scope, data) !== false).flatMap((one) => {
      if (one.kind === "pip") {
        const steps = pip(one, given, facts, there).slice(Number(made));
        made = true;
        return steps;
      }
      const maybe = (text) => (text === undefined ? null : native(text, given, there));
      return [{
        kind: one.kind, title: fill(one.title, given), argv: one.argv ? argv(one.argv, given, scope, there, data) : null, root: one.root,
        env: Object.fromEntries(Object.entries(one.env ?? {}).map(([name, value]) => [name, fill(value, given)])),
        cwd: maybe(one.cwd), path: maybe(one.path), url: one.url ? fill(one.url, given) : null, text: one.text ? fill(one.text, given) : null,
      }];
    });
  }
  const hollow = (step) => [...(step.argv ?? []), step.url, step.path, step.text, ...Object.values(step.env)].some((text) => text?.includes(NO_FILE));

  /* --- quoting.py --- */
  const safe = (text) => /^[A-Za-z0-9_@%+=:,./-]+$/.test(text);
  const sh = (text) => (safe(text) ? text : `'${text.replaceAll("\0", "").replaceAll("'", "'\"'\"'")}'`);
  /* The pieces of a text between its mentions of the folder: at its beginning, or in a list or an assignment in it. */
  const around = (text, root) => text.split(new RegExp(`(?:^|(?<=[:=,;]))${root.replace(/[.\\]/g, "\\$&")}(?=[/\\\\:;,]|$)`));
  function posix(text, root) {
    const parts = around(text, root);
    if (parts.length === 1) return sh(text);
    if (parts.length === 2 && !parts[0]) return `~/${sh(text.slice(2))}`;
    return parts.map((part) => part && sh(part)).join(`"$HOME"${root.slice(1)}`);
  }
  const doubled = (text) => `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
  const bare = (text) => (/^[A-Za-z0-9_./:\\=+-]+$/.test(text) && !text.startsWith("-")) || /^--?[A-Za-z][A-Za-z0-9-]*$/.test(text);
  const ps1 = (text) => (bare(text) ? text : doubled(text.replaceAll("\0", "")));
  function power(text, root, otherwise = ps1) {
    const parts = around(text, root);
    return parts.length === 1 ? otherwise(text) : `"${parts.map((part) => part.replace(/[`$"\u201c\u201d\u201e]/g, "`$&")).join(`$HOME${root.slice(1)}`)}"`;
  }
  function line(step, { windows, root }) {
    const word = (text) => (windows ? power(text, root) : posix(text, root));
    if (step.kind === "download") {
      const url = step.url ?? "";
      return `${windows ? "curl.exe" : "curl"} -fL --create-dirs -o ${word(step.path ?? "")} ${windows ? ps1(url) : sh(url)}`;
    }
    if (step.kind === "write") {
      const text = step.text ?? "";
      return windows ? `Set-Content -NoNewline -LiteralPath ${word(step.path ?? "")} -Value ${doubled(text)}` : `printf %s ${sh(text)} > ${word(step.path ?? "")}`;
    }
    if (step.argv === null) return (step.text || step.title).split("\n").map((one) => `# ${one}`).join("\n");
    const set = (name, value) => (windows ? `$env:${name} = ${power(value, root, doubled)}; ` : `${name}=${posix(value, root)} `);
    const env = Object.entries(step.env).map(([name, value]) => set(name, value)).join("");
    const goes = step.cwd && step.kind !== "unpack";
    const words = step.argv.map(word).join(" ");
    if (windows) return goes ? `cd ${word(step.cwd)}; ${env}& ${words}` : `${env}& ${words}`;
    const sudo = step.root && step.argv[0] !== "sudo" && step.argv[0] !== "su" ? "sudo " : "";
    return `${goes ? `cd ${word(step.cwd)} && ` : ""}${sudo}${env}${words}`;
  }
  /* What to type, in order: [{title, line}]. */
  function commands(plan, facts, wish, data) {
    const { cell, devices, form } = plan;
    const there = places(facts);
    const given = values(plan, facts, there, data);
    const layers = plan.placement === "split" && plan.estimate.gpuLayers === null ? null : gpuLayers(plan);
    const seen = devices.length > 0 && plan.estimate.rows.some((row) => row.device === "ram" && row.projector);
    const listed = form.format !== "";
    const lies = { gpu_layers: layers, expert_layers: plan.estimate.expertLayers, projector_in_ram: seen };
    const scope = { ...judging.scopes(facts, devices, wish, listed ? form : {})[0], plan: lies };
    const install = expand(cell.install, given, scope, facts, there, data);
    let launch = expand(cell.launch, { ...given, file: given.file || NO_FILE }, scope, facts, there, data);
    if (launch.some(hollow)) {
      const [repo, quant] = listed ? [form.repo, form.quant] : ["the repository", "wanted"];
      const text = `${plan.name} takes one file by its name: look up the ${quant} file of ${repo}, then ask again with --model hf:${repo}:FILE`;
      launch = [{ kind: "manual", title: "Name the file of the model", argv: null, env: {}, text }];
    }
    const extra = picked(cell.backend, devices, facts);
    const visible = launch.map((one) => (one.kind === "start" || one.kind === "run" ? { ...one, env: { ...extra, ...one.env } } : one));
    return [...install, ...visible].map((one) => ({ title: one.title, line: line(one, there) }));
  }
  return { commands };
})();
