// What the theme's and the book's scripts find on a page.
declare var yourPredictions: object;
declare const Search: { htmlToText(page: string, anchor?: string): string };
