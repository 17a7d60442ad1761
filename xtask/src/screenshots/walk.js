const root = () => document.querySelector("counterbell-widget")?.shadowRoot;
const all = (css) => [...(root()?.querySelectorAll(css) ?? [])].filter((element) => element.checkVisibility());
const until = (what, condition) =>
  new Promise((done, fail) => {
    const deadline = performance.now() + 20000;
    const look = () => {
      const found = condition();
      if (found) done(found);
      else if (performance.now() > deadline) fail(new Error(`no ${what} within 20 s; the widget says: ${root()?.querySelector(".card")?.innerText}`));
      else setTimeout(look, 20);
    };
    look();
  });
const rest = async () => {
  root().querySelector(".card")?.scrollTo(0, 0);
  await until("rest", () => !root().getAnimations().length);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
};
// Where the first match is, once it is shown and at rest.
const place = async (css) => {
  const found = await until(css, () => all(css)[0]);
  await rest();
  found.scrollIntoView({ block: "nearest" });
  const { left, top, width, height } = found.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
};
// Whether the customer is still asked for a score.
const isRating = () => all("input[name=score]").length > 0;
// What the card says now.
const card = () => root().querySelector(".card").innerText;
const buttons = () => all("button.next, button.send");
// Waits until the card has gone on from what it said, and nothing is being sent.
const changed = (before) =>
  until("next step", () => {
    const alert = all("[role=alert]").map((element) => element.innerText.trim()).find(Boolean);
    if (alert) return { alert };
    const busy = buttons().some((button) => button.disabled || button.ariaDisabled == "true");
    return card() != before && !busy && { ended: !buttons().length };
  });
const write = (field, words) => {
  field.value ||= words;
  field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
};
// Like a customer: an input event for what is typed, a click on what is chosen.
const fillIn = (comment) => {
  for (const field of all("textarea")) write(field, comment);
  // Consent belongs to an address, which nobody gives here.
  if (all("input[type=email]").length) return;
  const choices = all("label:has(> input[type=checkbox]), label:has(> input[type=radio]:not([name=score]))");
  if (!choices.some((choice) => choice.querySelector(":checked"))) choices[0]?.click();
};
const moveToScore = (score) => all(`input[name=score][value="${score}"]`)[0].click();
const leaveAddress = async (address) => {
  write(await until("field for an address", () => all("input[type=email]")[0]), address);
  (await until("box to tick", () => all("input[type=checkbox]")[0])).click();
};
