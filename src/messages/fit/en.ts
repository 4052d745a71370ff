import type { ko } from './ko.ts';

export const en: Record<keyof typeof ko, string> = {
  'fit.size': 'The download has {size}.',
  'fit.files': 'The files have {size}.',
  'fit.time': 'It takes about {time}.',
  'fit.room': 'The browser has {free} left.',
  'fit.no-room': 'The browser has only {free} left, so it cannot be kept and is downloaded again next time.',
  'fit.format': 'The size of the precision {dtype} cannot be computed here.',
  'fit.cpu': 'It runs on the CPU, without a GPU.',
  'fit.cpu-too-large': 'No GPU can be used, and it is too large for the CPU.',
  'fit.needs':
    'A context of {context} tokens takes {needed} of GPU memory. Whether this GPU has as much shows when it is measured.',
  'fit.fits': 'It fits on this GPU: a context of {context} tokens takes {needed}, and {usable} was found.',
  'fit.tight': 'It barely fits on this GPU: a context of {context} tokens takes {needed}, and the GPU gave {usable}.',
  'fit.too-large':
    'It does not fit on this GPU: a context of {context} tokens takes {needed}, and the GPU gave {usable}. Take a shorter context, or look for a way in the planner.',
  'fit.unknown': 'A context of {context} tokens takes {needed}, but only {usable} was tried on this GPU.',
  'fit.speed': 'About {low}–{high} tok/s.',
  'fit.measure': 'Measure GPU memory',
  'fit.planner': 'More in the planner',
  'fit.probed': '{size} taken',
  'fit.stop': 'Stop',
};
