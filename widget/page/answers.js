// What the customer has answered so far, read from the card's form.

// A UUID version 7 (RFC 9562 section 5.7): the time in milliseconds, then randomness.
const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const random = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  const time = Date.now().toString(16).padStart(12, 0);
  const variant = "89ab"[bytes[9] & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(3, 6)}-${random.slice(6, 18)}`;
};

// As `POST /v1/responses` takes it; undefined as long as there is no score. Questions of steps that are not for the
// score are in a disabled fieldset, which a form leaves out.
const answersIn = (form, survey) => {
  const data = new FormData(form);
  const given = (name) => data.get(name) || undefined;
  const score = given("score");
  if (!score) return;
  const answers = {};
  for (const { id } of survey.steps.flatMap((step) => step.ask)) {
    const choices = data.getAll("choice:" + id);
    const other = given("other:" + id);
    if (choices[0] || other) answers[id] = { choices, other };
  }
  const email = given("email");
  return {
    score: +score,
    comment: given("comment"),
    answers,
    // Nobody's address without their consent.
    contact: email && given("consent") && { email, consent: true },
  };
};

// What is wrong with the step that is shown: 0 nothing, 1 the address is none, 2 it comes without consent. The focus
// moves there.
const faultIn = (step) => {
  const email = step.querySelector("[name=email]");
  if (!email || !email.value) return 0;
  const consent = step.querySelector("[name=consent]");
  const fault = !email.validity.valid ? 1 : !consent.checked ? 2 : 0;
  if (fault) [email, consent][fault - 1].focus();
  return fault;
};

// What the card is to draw: the texts with the customer's name in its place, or those without one.
const drawn = (config, name) => {
  const { survey, texts } = config;
  const fill = (text) => text && name && text.replace("{name}", () => name);
  const { question, question_named } = survey;
  return {
    ...config,
    // Attributes are texts; a number's digits would be a kilobyte of the module.
    comment_max_chars: "" + config.comment_max_chars,
    other_max_chars: "" + config.other_max_chars,
    survey: {
      ...survey,
      question: fill(question_named) || question,
      greeting: question_named ? "" : fill(texts.greeting),
      thanks: survey.thanks.map((thanks) => ({
        ...thanks,
        title: fill(thanks.title_named) || thanks.title,
        text: fill(thanks.text_named) || thanks.text,
      })),
    },
  };
};
