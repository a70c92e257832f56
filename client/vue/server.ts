// Which server the documents of the components inside are on, and the document that is open around a component.

import {
  computed,
  defineComponent,
  hasInjectionContext,
  inject,
  provide,
  toRaw,
  toValue,
  type ComputedRef,
  type InjectionKey,
  type MaybeRefOrGetter,
  type PropType,
} from 'vue';
import { optionsInUse, tokenKind, tokenTextOf, type ServerInUse } from '../bindings/server-in-use.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import type { TokenOption } from '../token/token-source.js';

const serverKey: InjectionKey<ComputedRef<ServerInUse>> = Symbol('the server around');
const providerKey: InjectionKey<HeddleProvider> = Symbol('the document around');

/**
 * The server for all documents inside: they share one connection. The token may be another one at any time. A new function is called
 * when the next token is due; a new text is handed to the server at once, and the documents stay open. The other options count
 * as they are at the first rendering.
 */
export const HeddleServer = defineComponent({
  name: 'HeddleServer',
  props: {
    url: { type: String, required: true },
    token: { type: [String, Function] as PropType<TokenOption> },
    options: { type: Object as PropType<Omit<HeddleProviderOptions, 'token'>> },
  },
  setup(props, { slots }) {
    const kind = computed(() => tokenKind(props.token));
    const options = computed(() => {
      // Only these two make it another server; the rest is read without being followed.
      void props.url;
      void kind.value;
      const { token, options: first } = toRaw(props);
      return optionsInUse({ ...toRaw(first), token }, () => toRaw(props).token);
    });
    const server = computed(() => ({
      url: props.url,
      options: options.value,
      tokenText: tokenTextOf(props.token),
    }));
    provide(serverKey, server);
    return () => slots['default']?.();
  },
});

/** Throws outside of a HeddleServer. */
export function useServer(): ComputedRef<ServerInUse> {
  const server = inject(serverKey, undefined);
  if (server === undefined) throw new Error('there is no <HeddleServer> around this component');
  return server;
}

/** Makes a provider the one that the functions below use. */
export const ProvideDocument = defineComponent({
  name: 'ProvideDocument',
  props: { provider: { type: Object as PropType<HeddleProvider>, required: true } },
  setup(props, { slots }) {
    provide(providerKey, toRaw(props.provider));
    return () => slots['default']?.();
  },
});

/** The provider of the document around. Throws where there is none. */
export function useProvider(): HeddleProvider {
  return providerFor(undefined)();
}

/** Follows the provider handed in, or gives that of the document around. Throws where there is neither. */
export function providerFor(provider: MaybeRefOrGetter<HeddleProvider> | undefined): () => HeddleProvider {
  const found = providerIfAny(provider);
  if (found === undefined) throw new Error('there is no <HeddleDocument> around this component');
  return found;
}

export function providerIfAny(
  provider: MaybeRefOrGetter<HeddleProvider> | undefined,
): (() => HeddleProvider) | undefined {
  // A proxy of a provider has none of its private fields.
  if (provider !== undefined) return () => toRaw(toValue(provider));
  const around = hasInjectionContext() ? inject(providerKey, undefined) : undefined;
  return around === undefined ? undefined : () => around;
}
