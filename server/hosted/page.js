// What the hosted page does beside where scripts run; nothing of the survey needs it.
//
// In a frame it takes from the frame's name what must not be in an address, and tells the page around how high it is,
// that the answer has arrived, and that the customer wants to close it. What it tells names nobody, so that any page may
// hear it.
(() => {
  const fault = document.getElementById("fault");
  if (fault) (fault.querySelector("a") || fault).focus();
  if (parent === window) return;

  let told = {};
  try {
    told = JSON.parse(window.name).counterbell || {};
  } catch (error) {
    // The frame has another name, or none.
  }
  const fill = (name, value) => {
    const field = document.querySelector(`input[type=hidden][name=${name}]`);
    if (field && typeof value === "string" && value) field.value = value;
  };
  fill("order", told.order);
  fill("customer", told.customer);
  fill("page_url", told.page);

  const tell = (what, more) => parent.postMessage(Object.assign({ counterbell: what }, more), "*");
  const main = document.querySelector("main");
  const tellHeight = () => tell("height", { height: Math.ceil(main.getBoundingClientRect().bottom + window.scrollY) });
  if (window.ResizeObserver) new ResizeObserver(tellHeight).observe(main);
  else addEventListener("load", tellHeight);
  if (document.querySelector(".thanks")) tell("sent");
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) tell("close");
  });
})();
