/** The unchanged engine worker with the GPU meter. */
import './gpu-meter.ts';
import '../../workers/engine.worker.ts';
