/** The unchanged engine worker with the GPU meter. */
import '../../workers/bench/gpu-meter.ts';
import '../../workers/engine.worker.ts';
