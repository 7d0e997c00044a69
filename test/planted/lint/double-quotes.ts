export const planted = "text";
