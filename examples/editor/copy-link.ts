// Hands a link on: by the device's own sheet on a phone, else by the clipboard.

const saidMs = 3_000;

/** Makes `button` share the link that `field` shows. The button itself says that the link was copied. */
export function wireCopyLink(button: HTMLButtonElement, field: HTMLInputElement, title: string): void {
  const words = button.textContent;
  button.addEventListener('click', () => {
    void shareLink(title, field).then((isCopied) => {
      if (!isCopied) return;
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = words;
      }, saidMs);
    });
  });
}

/** Resolves to whether the link was copied, so that this can be said. */
async function shareLink(title: string, field: HTMLInputElement): Promise<boolean> {
  const url = field.value;
  const isTouch = window.matchMedia('(pointer: coarse)').matches;
  try {
    if (isTouch && typeof navigator.share === 'function') {
      await navigator.share({ title, url });
      return false;
    }
    await navigator.clipboard.writeText(url);
    return true;
  } catch (error) {
    // No clipboard on plain http, or no permission for it: the link is there to be copied by hand.
    const isLeft = error instanceof DOMException && error.name === 'AbortError';
    if (!isLeft) field.select();
    return false;
  }
}
