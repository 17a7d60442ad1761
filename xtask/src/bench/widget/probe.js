// Runs before the page's own scripts, and watches: when the rating is painted, long tasks, shifts of the layout, and how
// long each tap waits for the next frame.
window.widgetBench = (() => {
  const entries = { longtask: [], "layout-shift": [], event: [] };
  const observers = Object.keys(entries).map((type) => {
    const keep = (list) => entries[type].push(...list.getEntries());
    const observer = new PerformanceObserver(keep);
    // Shorter ones than 16 ms are not told.
    observer.observe({ type, buffered: true, durationThreshold: 16 });
    return () => keep({ getEntries: () => observer.takeRecords() });
  });
  const shadowRoot = () => document.querySelector("counterbell-widget")?.shadowRoot;
  const shown = (css) => {
    const found = shadowRoot()?.querySelector(css);
    return found?.checkVisibility() && found;
  };
  // Resolves when the frame after the one that begins now is about to be made: what is there now has been painted.
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const idle = () => new Promise((done) => requestIdleCallback(done, { timeout: 5000 }));
  const until = (condition) =>
    new Promise((done) => {
      const look = () => {
        const found = condition();
        if (found) done(found);
        else setTimeout(look, 20);
      };
      look();
    });
  const centre = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  // Nothing of the page's moves or waits any more.
  const rest = async () => {
    await Promise.allSettled((shadowRoot()?.getAnimations() ?? []).map((animation) => animation.finished));
    await frames();
    await idle();
  };

  let pressed;
  let painted;
  const rating = new Promise((done) => {
    const start = () => {
      const look = async () => {
        if (!shown("input[name=score]")) return;
        observer.disconnect();
        await frames();
        done((painted = performance.now()));
      };
      const observer = new MutationObserver(look);
      observer.observe(shadowRoot(), { childList: true, subtree: true, attributes: true });
      look();
    };
    addEventListener("pointerdown", (event) => (pressed = event.timeStamp), { capture: true, once: true });
    addEventListener("click", start, { capture: true, once: true });
  });

  const tree = (node) => {
    if (node.nodeType == Node.TEXT_NODE) return node.data;
    const attributes = [...node.attributes].map(({ name, value }) => [name, value]);
    const children = [...node.childNodes].filter(({ nodeType }) => nodeType != Node.COMMENT_NODE);
    return { space: node.namespaceURI, name: node.localName, attributes, children: children.map(tree) };
  };

  return {
    // Resolves when the page has loaded and come to rest.
    async loaded() {
      await until(() => document.readyState == "complete");
      await rest();
    },
    // Where the launcher is, once the page has loaded and come to rest.
    async launcher() {
      const found = await until(() => document.readyState == "complete" && shown("button.launcher"));
      await rest();
      return centre(found);
    },
    // When the launcher was pressed and the rating painted, in milliseconds since the page was asked for.
    rating: async () => ({ painted: await rating, pressed }),
    // Where this score is, once the card has come to rest.
    async score(value) {
      await until(() => shown("input[name=score]"));
      await rest();
      return centre(shadowRoot().querySelector(`input[name=score][value="${value}"]`).closest("label"));
    },
    // What the widget consists of now, to be built again by something else.
    looks: () => ({
      tree: [...shadowRoot().childNodes].map(tree),
      sheets: shadowRoot().adoptedStyleSheets.map((sheet) => [...sheet.cssRules].map(({ cssText }) => cssText).join("\n")),
    }),
    // What was fetched since the customer pressed: addresses without fragments.
    fetched: () =>
      performance.getEntriesByType("resource").filter(({ startTime }) => startTime >= pressed).map(({ name }) => name.split("#")[0]),
    // All that was watched, in milliseconds. `shifts` is the sum, which no window of time exceeds; `taps` are those after
    // the first, which opened the card.
    async report() {
      await rest();
      // A tap is told after the frame that follows it.
      await new Promise((done) => setTimeout(done, 200));
      observers.forEach((take) => take());
      const phase = ({ startTime }) => (!(startTime >= pressed) ? "load" : startTime <= painted ? "open" : "rate");
      return {
        long_tasks: entries.longtask.map((task) => ({ phase: phase(task), ms: task.duration })),
        shifts: entries["layout-shift"].filter(({ hadRecentInput }) => !hadRecentInput).reduce((sum, { value }) => sum + value, 0),
        taps: entries.event.filter((event) => event.interactionId && event.startTime > painted).map(({ duration }) => duration),
      };
    },
  };
})();
