import type { Attachment } from 'svelte/attachments';

/** Calls once, when the element first comes near the viewport, so that expensive work is done only if it is looked at. */
export function whenSeen(call: () => void): Attachment<HTMLElement> {
  return (node) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        call();
      },
      { rootMargin: '300px' },
    );
    observer.observe(node);
    return () => observer.disconnect();
  };
}
