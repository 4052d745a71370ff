/** The unchanged engine worker with the GPU meter. */
import './bench/gpu-meter.ts';
import './engine.worker.ts';
