import { expose } from 'comlink';
import type { LessonsApi } from '#core/protocol/tokenizer-lessons.ts';
import { Lessons } from './lessons/lessons.ts';

const lessons: LessonsApi = new Lessons();
expose(lessons);
