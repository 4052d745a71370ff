/**
 * Arithmetic that can be shown: a figure of the planner is the value of its formula, so the two cannot disagree.
 * Names are those of the field and of config.json, the same in every language.
 */
export type Expression =
  | { type: 'number'; value: number }
  | { type: 'name'; name: string; value: number }
  | { type: 'sum' | 'product' | 'min' | 'max'; of: readonly Expression[] }
  | { type: 'quotient'; over: Expression; under: Expression };

export type Term = Expression | number;

/** A quantity that the formula shows by its name. */
export function named(name: string, value: number): Expression {
  return { type: 'name', name, value };
}

/** Leaves out terms that are the number 0. */
export function sum(...of: readonly Term[]): Expression {
  return joined(
    'sum',
    of.filter((term) => term !== 0),
  );
}

/** Leaves out factors that are the number 1. */
export function product(...of: readonly Term[]): Expression {
  return joined(
    'product',
    of.filter((term) => term !== 1),
  );
}

export function quotient(over: Term, under: Term): Expression {
  return { type: 'quotient', over: expressionOf(over), under: expressionOf(under) };
}

export function least(...of: readonly Term[]): Expression {
  return joined('min', of);
}

export function most(...of: readonly Term[]): Expression {
  return joined('max', of);
}

export function valueOf(expression: Expression): number {
  switch (expression.type) {
    case 'number':
    case 'name':
      return expression.value;
    case 'sum':
      return expression.of.reduce((total, term) => total + valueOf(term), 0);
    case 'product':
      return expression.of.reduce((total, factor) => total * valueOf(factor), 1);
    case 'min':
      return Math.min(...expression.of.map(valueOf));
    case 'max':
      return Math.max(...expression.of.map(valueOf));
    case 'quotient':
      return valueOf(expression.over) / valueOf(expression.under);
  }
}

/** The formula with names: `layers · 2 · kv_heads · head_dim · context · 2`. */
export function symbolic(expression: Expression, format: (value: number) => string = String): string {
  return written(expression, (leaf) => (leaf.type === 'name' ? leaf.name : format(leaf.value)));
}

/** The formula with the number in place of each name: `34 · 2 · 4 · 256 · 4096 · 2`. */
export function numeric(expression: Expression, format: (value: number) => string = String): string {
  return written(expression, (leaf) => format(leaf.value));
}

type Leaf = Extract<Expression, { type: 'number' | 'name' }>;

function written(expression: Expression, leaf: (leaf: Leaf) => string, inside?: 'product' | 'quotient'): string {
  switch (expression.type) {
    case 'number':
    case 'name':
      return leaf(expression);
    case 'sum': {
      const text = expression.of.map((term) => written(term, leaf)).join(' + ');
      return inside === undefined ? text : `(${text})`;
    }
    case 'product': {
      const text = expression.of.map((factor) => written(factor, leaf, 'product')).join(' · ');
      return inside === 'quotient' ? `(${text})` : text;
    }
    case 'min':
    case 'max':
      return `${expression.type}(${expression.of.map((term) => written(term, leaf)).join(', ')})`;
    case 'quotient':
      return `${written(expression.over, leaf, 'quotient')} / ${written(expression.under, leaf, 'quotient')}`;
  }
}

function joined(type: 'sum' | 'product' | 'min' | 'max', of: readonly Term[]): Expression {
  const [only, ...more] = of;
  if (only === undefined) return { type: 'number', value: type === 'product' ? 1 : 0 };
  if (more.length === 0) return expressionOf(only);
  return { type, of: of.map(expressionOf) };
}

function expressionOf(term: Term): Expression {
  return typeof term === 'number' ? { type: 'number', value: term } : term;
}
