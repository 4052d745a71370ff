/** Vite: the address of a file that is shipped as it is. */
declare module '*?url' {
  const url: string;
  export default url;
}
