// Fills in a text of web/site/texts: `{count} points` with its values, in the form that the number needs.

/** A text, or one for each form that the language has for a count. */
export type Message = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);

/** What stands in a text, by name. `count` decides on the form. */
export type Values = Record<string, string | number>;

/** Says a text in a language: `say('en', '{name}: {count} points', { name: 'Blue', count: 3 })`. */
export function say(language: string, message: Message, values: Values = {}): string {
  const form = (count: number) => new Intl.PluralRules(language).select(count);
  const text =
    typeof message === 'string'
      ? message
      : (message[form(Number(values.count ?? 0))] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : whole;
    return typeof value === 'number' ? value.toLocaleString(language) : String(value);
  });
}
