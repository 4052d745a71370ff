import type { PatternNode } from './syntax.ts';

/** Minimum and maximum number of code points that a node consumes; `max` may be Infinity. */
export function widthOf(node: PatternNode): { min: number; max: number } {
  switch (node.type) {
    case 'character':
      return { min: 1, max: 1 };
    case 'run':
      return { min: node.has.length, max: node.has.length };
    case 'assertion':
    case 'look':
      return { min: 0, max: 0 };
    case 'sequence': {
      const widths = node.nodes.map(widthOf);
      return { min: sum(widths.map(({ min }) => min)), max: sum(widths.map(({ max }) => max)) };
    }
    case 'alternation': {
      const widths = node.nodes.map(widthOf);
      return { min: Math.min(...widths.map(({ min }) => min)), max: Math.max(...widths.map(({ max }) => max)) };
    }
    case 'repeat': {
      const { min, max } = widthOf(node.node);
      return { min: min * node.min, max: max === 0 ? 0 : max * node.max };
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
