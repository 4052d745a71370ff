import ChatLab from './ChatLab.svelte';

/** What the shell imports when the chat is first visited. Its state is the session, which the shell has. */
export function openChat() {
  return { Page: ChatLab };
}
