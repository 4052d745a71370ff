/** The jobs of the maker worker. */
import { FailureError } from '#core/failure.ts';
import type { MakerJobs } from '#core/protocol/maker.ts';
import type { Handlers } from '../jobs/serve.ts';
import { finish } from './finish.ts';
import { inspect } from './inspect.ts';
import { make, type Made } from './make.ts';

export class Maker {
  /** The last package whose files are whole, until its manifest is written. */
  #made: Made | undefined;

  readonly handlers: Handlers<MakerJobs> = {
    inspect: {
      mode: 'latest',
      run: async (request, { signal }) => ({ facts: await inspect(request, signal) }),
      subject: nameOf,
    },
    make: {
      mode: 'exclusive',
      run: async (request, job) => {
        this.#made = undefined;
        const { made, files } = await make(request, job);
        this.#made = made;
        return files;
      },
      subject: nameOf,
    },
    finish: {
      mode: 'exclusive',
      run: async (request) => {
        if (this.#made?.id !== request.id) throw new FailureError('package-unfinished', { name: request.id });
        const { id } = this.#made;
        await finish(this.#made, request);
        this.#made = undefined;
        return { id };
      },
    },
  };
}

function nameOf({ source }: MakerJobs['make']['request']): string {
  return source.type === 'hub' ? source.repository : source.type === 'url' ? source.url : source.name;
}
