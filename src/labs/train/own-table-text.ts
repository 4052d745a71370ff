/** What is wrong with rows, in words. */
import type { FileProblem } from '#core/lora/training/own-rows-file.ts';
import type { RowNote, RowProblem } from '#core/lora/training/own-rows.ts';
import { count } from '../../platform/figures.ts';
import { t } from '../../platform/locale.svelte.ts';

export function problemText(problem: RowProblem): string {
  switch (problem.code) {
    case 'too-few':
      return t('train.own.too-few', { rows: problem.rows, least: problem.least });
    case 'too-many':
      return t('train.own.too-many', { rows: count(problem.rows), most: count(problem.most) });
    case 'empty':
      return t(`train.own.empty.${problem.cell}`, { row: problem.row });
    case 'too-long':
      return t('train.own.too-long', {
        row: problem.row,
        cell: t(`train.own.cell.${problem.cell}`),
        characters: count(problem.characters),
        most: count(problem.most),
      });
    case 'no-text':
      return t('train.own.no-text', { row: problem.row, cell: t(`train.own.cell.${problem.cell}`) });
    case 'contradiction':
      return t('train.own.contradiction', { row: problem.row, first: problem.first });
  }
}

export function noteText(note: RowNote): string {
  return note.code === 'composed'
    ? t('train.own.composed', { rows: note.rows.join(', ') })
    : t('train.own.repeated', { row: note.row, first: note.first });
}

export function fileProblemText(problem: FileProblem): string {
  switch (problem.code) {
    case 'not-json':
      return t('train.own.file.not-json', { row: problem.row, reason: problem.reason });
    case 'not-object':
      return t('train.own.file.not-object', { row: problem.row });
    case 'missing':
      return t('train.own.file.missing', { row: problem.row, cell: problem.cell });
    case 'not-text':
      return t('train.own.file.not-text', { row: problem.row, cell: problem.cell, value: problem.value });
    case 'no-image':
      return t('train.own.file.no-image', { row: problem.row, value: problem.value });
    case 'numpy-row':
      return t('train.own.file.numpy', { row: problem.row, value: problem.value });
    case 'no-table':
      return t('train.own.file.no-table');
    case 'no-header':
      return t('train.own.file.no-header', { columns: problem.columns });
  }
}
