/** The root every document of the bench has its text in. */
export const textName = 'text';
