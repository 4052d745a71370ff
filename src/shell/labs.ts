import type { Session } from '../chat/session.svelte.ts';
import { Lazy } from '../platform/lazy.svelte.ts';
import { locale } from '../platform/locale.svelte.ts';
import { hashOf } from '../platform/place.svelte.ts';

export type Labs = ReturnType<typeof lazyLabs>;

/**
 * The labs, each loaded with its messages at the first visit.
 * @param page address of the page; what the labs show lies beside it
 */
export function lazyLabs(session: Session, page: string) {
  const lora = new Lazy(async () => {
    const [{ openLora }] = await Promise.all([
      import('../labs/lora/open-lora.ts'),
      locale.load('lora'),
      locale.load('adapter'),
    ]);
    return openLora(session, page);
  });
  return {
    chat: new Lazy(async () => {
      const [{ openChat }] = await Promise.all([import('../labs/chat/open-chat.ts'), locale.load('chat')]);
      return openChat();
    }),
    tokenizer: new Lazy(async () => {
      const [{ openTokenizer }] = await Promise.all([
        import('../labs/tokenizer/open-tokenizer.ts'),
        locale.load('tokenizer'),
      ]);
      return openTokenizer(page);
    }),
    lora,
    train: new Lazy(async () => {
      const [{ openTrain }] = await Promise.all([
        import('../labs/train/open-train.ts'),
        locale.load('train'),
        locale.load('adapter'),
      ]);
      return openTrain(session, async (trained) => {
        const { lab } = await lora.load();
        if (!lab.hasRoomFor(trained.name)) return 'full';
        location.hash = hashOf('lora');
        await lab.compareTrained(trained);
        return 'ok';
      });
    }),
    quant: new Lazy(async () => {
      const [{ openQuant }] = await Promise.all([import('../labs/quant/open-quant.ts'), locale.load('quant')]);
      return openQuant(session, page);
    }),
    exam: new Lazy(async () => {
      const [{ openExam }] = await Promise.all([import('../labs/exam/open-exam.ts'), locale.load('exam')]);
      return openExam(session);
    }),
    bench: new Lazy(async () => {
      const [{ openBench }] = await Promise.all([import('../labs/bench/open-bench.ts'), locale.load('bench')]);
      return openBench(session);
    }),
    plan: new Lazy(async () => {
      const [{ openPlan }] = await Promise.all([import('../labs/plan/open-plan.ts'), locale.load('plan')]);
      return openPlan(session);
    }),
  };
}
