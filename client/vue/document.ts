// A document as long as a component shows it.

import {
  computed,
  defineComponent,
  h,
  onMounted,
  onUnmounted,
  shallowRef,
  toRaw,
  toValue,
  watch,
  type ComputedRef,
  type MaybeRefOrGetter,
  type PropType,
} from 'vue';
import { OpenDocument, whenReadable } from '../bindings/open-document.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import { ProvideDocument, useServer } from './server.js';

/**
 * Opens a document of the server around, and closes it with the component. Undefined until the component is mounted, and while a
 * document of another name is being opened. The options count as they are when it is opened.
 */
export function useDocument(
  name: MaybeRefOrGetter<string>,
  options?: MaybeRefOrGetter<HeddleProviderOptions | undefined>,
): ComputedRef<HeddleProvider | undefined> {
  const server = useServer();
  const opened = shallowRef<OpenDocument>();
  const open = (): void => {
    opened.value?.close();
    opened.value = new OpenDocument(server.value, toValue(name), toRaw(toValue(options)));
  };
  onMounted(() => {
    // After the rendering in which those who show the document before it have gone.
    watch([() => server.value.url, () => server.value.options, () => toValue(name)], open, {
      flush: 'post',
      immediate: true,
    });
    watch([opened, () => server.value.tokenText], ([document, text]) => document?.useTokenText(text));
  });
  // Those inside are gone by then.
  onUnmounted(() => opened.value?.close());
  return computed(() =>
    opened.value?.isOf(server.value, toValue(name)) === true ? opened.value.provider : undefined,
  );
}

/**
 * A document for everything in its default slot, which is shown as soon as there is something to show: with or without a network.
 * Until then, and on a server that renders pages, the slot `fallback` is shown. Another name makes the content anew.
 */
export const HeddleDocument = defineComponent({
  name: 'HeddleDocument',
  props: {
    name: { type: String, required: true },
    options: { type: Object as PropType<HeddleProviderOptions> },
  },
  setup(props, { slots }) {
    const provider = useDocument(
      () => props.name,
      () => props.options,
    );
    const readable = shallowRef<HeddleProvider>();
    watch(provider, (opened, _before, onCleanup) => {
      if (opened !== undefined) onCleanup(whenReadable(opened, () => (readable.value = opened)));
    });
    return () => {
      const shown = provider.value;
      if (shown === undefined || readable.value !== shown) return slots['fallback']?.();
      return h(ProvideDocument, { provider: shown, key: shown.doc.guid }, slots);
    };
  },
});
