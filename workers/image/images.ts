import type { DicomView, ImageJobs } from '#core/protocol/image.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { Handlers } from '../jobs/serve.ts';
import type { DicomFiles } from './dicom.ts';
import { readImageFile } from './read.ts';

/** The jobs of the image worker. What DICOM needs is loaded with the first DICOM file. */
export class Images {
  #dicom: DicomFiles | undefined;

  readonly handlers: Handlers<ImageJobs> = {
    read: {
      mode: 'queue',
      run: async ({ file, name }) => ({ read: await readImageFile(file, name) }),
      subject: ({ name }) => name,
    },
    openDicom: {
      mode: 'queue',
      run: async (files, job) => {
        const { DicomFiles } = await import('./dicom.ts');
        this.#dicom ??= new DicomFiles();
        const total = files.length;
        return this.#dicom.open(files, (done) => job.progress({ type: 'progress', done, total }), job.signal);
      },
    },
    showDicom: {
      mode: 'latest',
      run: async (view) => ({ shown: await this.#opened().show(view) }),
      transfer: ({ shown }) => [shown.rgba.buffer],
    },
    saveDicom: { mode: 'queue', run: (views, job) => this.#save(views, job) },
  };

  async #save(views: readonly DicomView[], job: RunningJob<ImageJobs['saveDicom']>) {
    const images: Blob[] = [];
    for (const [done, view] of views.entries()) {
      job.signal.throwIfAborted();
      job.progress({ type: 'progress', done, total: views.length });
      images.push(await this.#opened().save(view));
    }
    return { images };
  }

  #opened(): DicomFiles {
    if (!this.#dicom) throw new TypeError('no DICOM file is open');
    return this.#dicom;
  }
}
