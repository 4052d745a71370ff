// @ts-check
/** No text that people read stands in a component: it comes from src/messages, in Korean and in English. */

const message = 'Literal text: put it into src/messages and show it with t().';

/** Attributes that are read or spoken; components pass some of them on under a name of their own. */
const spoken =
  '/^(alt|title|label|placeholder|description|aria-(label|description|roledescription|valuetext)|\\w+Label)$/';
const word = '/[A-Za-z가-힣]/';
const hangul = '/[가-힣]/';

export const literalText = [
  `:not(SvelteStyleElement) > SvelteText[value=${word}]`,
  `SvelteMustacheTag[parent.type!="SvelteAttribute"] > Literal[value=${word}]`,
  `SvelteMustacheTag[parent.type!="SvelteAttribute"] > TemplateLiteral > TemplateElement[value.raw=${word}]`,
  `SvelteAttribute[key.name=${spoken}] > SvelteLiteral[value=${word}]`,
  `SvelteAttribute[key.name=${spoken}] > SvelteMustacheTag > Literal[value=${word}]`,
  `SvelteAttribute[key.name=${spoken}] > SvelteMustacheTag > TemplateLiteral > TemplateElement[value.raw=${word}]`,
  // Hangul is for people wherever it stands, in scripts too.
  `SvelteLiteral[value=${hangul}]`,
  `Literal[value=${hangul}]`,
  `TemplateElement[value.raw=${hangul}]`,
].map((selector) => ({ selector, message }));
