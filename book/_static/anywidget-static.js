/* Runs the book's anywidget figures on a published page: no kernel, no other host.
 *
 * The page carries each widget's state (application/vnd.jupyter.widget-state+json) and, after the
 * static figure that Python wrote, a view (application/vnd.jupyter.widget-view+json). For every view
 * this file builds a minimal model (get, set, on, off, save_changes, send: anywidget's documented
 * subset), imports the module from a blob URL, and shows the live figure once `render` has
 * succeeded; the figure itself hides the static one. Whatever fails, the static figure stays.
 */
(() => {
  "use strict";
  const TYPE = "application/vnd.jupyter.widget-";

  class Model {
    constructor(state) {
      this.state = state;
      this.listeners = new Map();
    }
    get(key) {
      return this.state[key];
    }
    set(key, value) {
      const changes = typeof key === "string" ? { [key]: value } : key;
      for (const [name, next] of Object.entries(changes)) {
        if (Object.is(this.state[name], next)) continue;
        this.state[name] = next;
        this.emit(`change:${name}`, next);
        this.emit("change");
      }
    }
    on(event, callback) {
      if (!this.listeners.has(event)) this.listeners.set(event, new Set());
      this.listeners.get(event).add(callback);
    }
    off(event, callback) {
      if (event == null) this.listeners.clear();
      else if (callback) this.listeners.get(event)?.delete(callback);
      else this.listeners.delete(event);
    }
    emit(event, ...values) {
      for (const callback of [...(this.listeners.get(event) ?? [])]) callback(...values);
    }
    save_changes() {} // there is no kernel to save to
    send() {}
  }

  const bytes = (base64) =>
    new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);

  // Sources stand once per page, in parts (book/_ext/widgets.py). Binary traits were taken out of the
  // state when it was written; put them back where they were.
  function restored({ state, buffers = [] }, parts) {
    for (const key of ["_esm", "_css"]) {
      if (Array.isArray(state[key])) state[key] = state[key].map((part) => parts[part]).join("");
    }
    for (const { path, data } of buffers) {
      const last = path[path.length - 1];
      path.slice(0, -1).reduce((place, key) => place[key], state)[last] = bytes(data);
    }
    return state;
  }

  const modules = new Map(); // one import for all figures that share a source
  function imported(source) {
    if (!modules.has(source)) {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      modules.set(
        source,
        import(url).finally(() => URL.revokeObjectURL(url)),
      );
    }
    return modules.get(source);
  }

  const styled = new Set();
  function style(css) {
    if (!css || styled.has(css)) return;
    styled.add(css);
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  async function show(script, models) {
    const model = models.get(JSON.parse(script.textContent).model_id);
    if (!model?.get("_esm")) return;
    const el = document.createElement("div");
    el.dataset.anywidgetStatic = "";
    el.style.display = "none";
    script.after(el);
    try {
      const module = await imported(model.get("_esm"));
      const widget = module.default ?? module;
      const { initialize, render } = typeof widget === "function" ? await widget() : widget;
      style(model.get("_css"));
      model.initialized ??= Promise.resolve(initialize?.({ model }));
      await model.initialized;
      await render?.({ model, el });
      el.style.display = "";
    } catch (error) {
      el.remove();
      console.warn("A figure stays static:", error);
    }
  }

  function start() {
    const models = new Map();
    for (const script of document.querySelectorAll(`script[type="${TYPE}state+json"]`)) {
      const { state, parts } = JSON.parse(script.textContent);
      for (const [id, saved] of Object.entries(state)) models.set(id, new Model(restored(saved, parts)));
    }
    for (const script of document.querySelectorAll(`script[type="${TYPE}view+json"]`)) {
      show(script, models);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
