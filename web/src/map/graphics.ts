/** What our own layers of the map have in common: programs of the graphics interface, and places on Mercator's square. */

export type Graphics = WebGLRenderingContext | WebGL2RenderingContext;

/** Make a program of two shaders; the attributes are numbered in their order. */
export function startProgram(
  gl: Graphics,
  vertexShader: string,
  fragmentShader: string,
  attributes: readonly string[],
): WebGLProgram {
  const program = gl.createProgram();
  attachShader(gl, program, gl.VERTEX_SHADER, vertexShader);
  attachShader(gl, program, gl.FRAGMENT_SHADER, fragmentShader);
  attributes.forEach((name, index) => gl.bindAttribLocation(program, index, name));
  gl.linkProgram(program);
  return program;
}

function attachShader(gl: Graphics, program: WebGLProgram, kind: GLenum, source: string): void {
  const shader = gl.createShader(kind);
  if (shader === null) return;
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  gl.attachShader(program, shader);
  // It lives on as long as the program.
  gl.deleteShader(shader);
}

/** East and south in Mercator's square, of which the whole world is 1 wide. */
export type SquarePlace = readonly [x: number, y: number];

/** Where on Mercator's square degrees of longitude and latitude are. */
export function mercator(lon: number, lat: number): SquarePlace {
  const north = Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  return [(lon + 180) / 360, 0.5 - north / (2 * Math.PI)];
}

/** The map's matrix for places that are counted from an origin: single precision would be metres off without. */
export function matrixFrom([x, y]: SquarePlace, matrix: ArrayLike<number>): Float32Array {
  const result = Float64Array.from(matrix);
  for (let row = 0; row < 4; row++) {
    result[12 + row] = (matrix[12 + row] ?? 0) + (matrix[row] ?? 0) * x + (matrix[4 + row] ?? 0) * y;
  }
  return Float32Array.from(result);
}
