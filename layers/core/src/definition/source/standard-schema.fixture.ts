import type { EventSchema } from '@bifold/core/engine';

/**
 * A Standard Schema with the given description. Any library may provide one, also a less strict one
 * than zod.
 */
export function schemaOf(
  properties: Readonly<Record<string, unknown>>,
  validate: (
    value: unknown,
  ) => { readonly issues?: readonly { readonly message: string }[] } | Promise<never> = () => ({}),
): EventSchema & { readonly '~standard': { readonly types?: { readonly input: never; readonly output: never } } } {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const result = validate(value);
        return result instanceof Promise || result.issues ? result : { value };
      },
      jsonSchema: {
        input: () => ({ type: 'object', properties, required: Object.keys(properties) }),
        output: () => ({}),
      },
    },
  } as never;
}
