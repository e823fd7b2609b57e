import { h } from "../dom.js";
import { command, expected, filled, hidden, quoted, rule, submit } from "../parts.js";

export function view(id, element, r) {
  const p = element.props;
  const action = element.actions?.[0];
  const its = rule(action);
  const mayPost = its && r.canAct;
  return h(
    "form",
    {
      class: "c-run-form",
      "data-id": id,
      "aria-label": element.text,
      method: "post",
      action: its ? filled(its.form, action.args, quoted) : null,
      "data-action": its ? 0 : null,
      "data-do": its ? action.do : null,
    },
    mayPost ? [hidden("csrf", r.csrf), expected(action)] : null,
    p.note ? h("p", { class: "note" }, p.note) : null,
    p.params.map((param) => field(id, param, r)),
    its ? h("div", { class: "actions" }, mayPost ? submit(action, its, "button main") : command(action, its)) : null,
  );
}

function field(id, param, r) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: `f-${id}-${param.name}` }, param.title || param.name),
    control(id, param, r.canAct),
    param.description ? h("p", { class: "help", id: `d-${id}-${param.name}` }, param.description) : null,
  );
}

function control(id, param, canAct) {
  const same = {
    id: `f-${id}-${param.name}`,
    name: `params.${param.name}`,
    "data-type": param.type,
    required: param.required,
    disabled: !canAct,
    "aria-describedby": param.description ? `d-${id}-${param.name}` : null,
  };
  const start = param.default !== undefined ? plain(param.default) : null;
  if (param.enum?.length || param.type === "boolean") return h("select", same, options(param, start));
  if (["array", "object"].includes(param.type)) {
    return h("textarea", { ...same, rows: 3, spellcheck: "false" }, start ?? "");
  }
  return h("input", {
    ...same,
    type: ["integer", "number"].includes(param.type) ? "number" : "text",
    step: param.type === "number" ? "any" : null,
    value: start,
    min: param.minimum,
    max: param.maximum,
    maxlength: param.maxLength,
    pattern: param.pattern,
    autocomplete: "off",
  });
}

function options(param, start) {
  const values = (param.enum?.length ? param.enum : [true, false]).map(plain);
  const none = !param.required && start === null ? h("option", { value: "" }, "–") : null;
  return [none, values.map((value) => h("option", { value, selected: value === start }, value))];
}

function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
