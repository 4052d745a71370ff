/** Page of bench/markdown.ts: renders a growing answer with both renderers into the document, as the chat does. */
import { GrowingMarkdown, renderBlocks } from '../../src/chat/markdown.ts';

/** Milliseconds per token, HTML parsing included. */
export interface Cost {
  /** Characters of the answer. */
  length: number;
  whole: number;
  growing: number;
}

declare global {
  interface Window {
    measure: typeof measure;
  }
}

/** Characters of the answer. */
const LENGTH = 7560;
const TOKEN = 3;

const SECTION = `## 고혈압 약과 자몽

자몽에는 **푸라노쿠마린**이 들어 있어 장에서 약을 분해하는 효소 \`CYP3A4\`를 막습니다. 그래서 일부 칼슘 통로 차단제의
혈중 농도가 높아질 수 있습니다. [자세한 설명](https://example.org/grapefruit)을 함께 보세요.

- **펠로디핀**: 농도가 크게 높아집니다.
- **암로디핀**: 영향이 작습니다.
  1. 어지러움
  2. 발목 부종

| 약 | 영향 | 권고 |
| --- | --- | --- |
| 펠로디핀 | 큼 | 피하기 |
| 암로디핀 | 작음 | 주의 |

> 복용 중인 약은 의사나 약사에게 확인하세요.

\`\`\`text
농도(자몽) ≈ 2 × 농도(물)
\`\`\`

`;

const answer = SECTION.repeat(Math.ceil(LENGTH / SECTION.length)).slice(0, LENGTH);

function show(parent: HTMLElement, blocks: readonly string[], before: readonly string[]): void {
  for (const [index, html] of blocks.entries()) {
    if (html === before[index]) continue;
    const block = parent.children[index] ?? parent.appendChild(document.createElement('div'));
    block.innerHTML = html;
  }
  while (parent.children.length > blocks.length) parent.lastElementChild?.remove();
}

/** @returns costs of the last `tokens` tokens. @throws Error when the two renderers give different HTML */
function measure(tokens: number): Cost[] {
  const [wholeParent, growingParent] = [document.getElementById('whole'), document.getElementById('growing')];
  if (!wholeParent || !growingParent) throw new Error('the page has no elements for the answers');
  const growing = new GrowingMarkdown();
  let wholeBefore: readonly string[] = [];
  let growingBefore: readonly string[] = [];
  const costs: Cost[] = [];
  for (let length = TOKEN; length <= LENGTH; length += TOKEN) {
    const text = answer.slice(0, length);
    const begin = performance.now();
    const growingBlocks = growing.render(text);
    show(growingParent, growingBlocks, growingBefore);
    const growingEnd = performance.now();
    growingBefore = growingBlocks;
    if (length <= LENGTH - tokens * TOKEN) continue;
    const wholeBegin = performance.now();
    const wholeBlocks = renderBlocks(text);
    show(wholeParent, wholeBlocks, wholeBefore);
    const wholeEnd = performance.now();
    wholeBefore = wholeBlocks;
    costs.push({ length, whole: wholeEnd - wholeBegin, growing: growingEnd - begin });
    if (wholeParent.innerHTML !== growingParent.innerHTML)
      throw new Error(`the two renderers differ at ${length} characters`);
  }
  return costs;
}

window.measure = measure;
