import OpenSeadragon from "openseadragon";

import { imageUrl } from "../api/client.ts";
import type { CaptureSummary } from "../api.gen.ts";
import { attentionUrl, whyNoAttention } from "./attention.ts";

/** Longer sides of the smaller copies that the server makes. */
const RENDITIONS = [640, 1280];
/** What browsers draw by themselves. Other images are shown in the largest copy. */
const DRAWN = new Set(["image/jpeg", "image/png", "image/bmp"]);

export interface Level {
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** The sizes in which an image can be loaded, smallest first. */
export function levelsOf({ id, width, height, media_type }: CaptureSummary): readonly Level[] {
  const longer = Math.max(width, height);
  const size = (edge: number) => ({
    width: Math.max(1, Math.round((width * edge) / longer)),
    height: Math.max(1, Math.round((height * edge) / longer)),
  });
  const copies = RENDITIONS.filter((edge) => edge < longer).map((edge) => ({ url: imageUrl(id, edge), ...size(edge) }));
  if (DRAWN.has(media_type)) {
    return [...copies, { url: imageUrl(id), width, height }];
  }
  return copies.length > 0 ? copies : [{ url: imageUrl(id, RENDITIONS[0]), width, height }];
}

/** Whether the image is shown in a smaller copy only. */
export function isCopyOnly({ media_type }: CaptureSummary): boolean {
  return !DRAWN.has(media_type);
}

/** Who is told what happens in the viewer. */
export interface Listener {
  /** The image can be seen. */
  onShown: (id: string) => void;
  onFailed: (id: string) => void;
  /** There is no map of attention for the image, and why. */
  onAttentionFailed: (id: string, why: string) => void;
  /** Screen pixels for one pixel of the image. */
  onZoom: (scale: number) => void;
}

const PAN_STEP = 0.15;
const ZOOM_STEP = 1.5;

/** OpenSeadragon for one image at a time, with the map of the model's attention over it. */
export class DeepZoom {
  private readonly viewer: OpenSeadragon.Viewer;
  private readonly listener: Listener;
  private image: CaptureSummary | null = null;
  private isShown = false;
  private overlay: OpenSeadragon.TiledImage | null = null;
  private isLaying = false;
  private attention: number | null = null;

  constructor(element: HTMLElement, listener: Listener) {
    this.listener = listener;
    refuseStyleElement();
    this.viewer = new OpenSeadragon.Viewer({
      element,
      // The canvas needs neither workers nor shaders, which the page's rules do not allow or a machine may lack.
      drawer: "canvas",
      showNavigationControl: false,
      // Our own shortcuts move the image.
      keyboardNavEnabled: false,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      animationTime: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.35,
      visibilityRatio: 0.5,
      maxZoomPixelRatio: 8,
      minZoomImageRatio: 0.8,
      silenceMultiImageWarnings: true,
    });
    this.viewer.canvas.setAttribute("role", "img");
    // The map of attention is a tile as well, and to see it is not to see the image.
    const isImage = ({ tiledImage }: { tiledImage?: OpenSeadragon.TiledImage }) =>
      tiledImage === this.viewer.world.getItemAt(0);
    this.viewer.addHandler("tile-loaded", (event) => {
      if (isImage(event)) {
        this.noteShown();
      }
    });
    this.viewer.addHandler("tile-load-failed", (event) => {
      if (isImage(event)) {
        this.noteFailed();
      }
    });
    this.viewer.addHandler("open-failed", () => {
      this.noteFailed();
    });
    this.viewer.addHandler("open", () => {
      this.setAttention(this.attention);
      this.tellZoom();
    });
    this.viewer.addHandler("zoom", () => {
      this.tellZoom();
    });
    this.viewer.addHandler("resize", () => {
      this.tellZoom();
    });
  }

  show(image: CaptureSummary): void {
    if (image.id !== this.image?.id) {
      this.load(image);
    }
  }

  /** Loads the image at hand once more, after that has failed. */
  showAgain(): void {
    if (this.image !== null) {
      this.load(this.image);
    }
  }

  private load(image: CaptureSummary): void {
    this.image = image;
    this.isShown = false;
    this.overlay = null;
    this.isLaying = false;
    this.attention = null;
    this.viewer.canvas.setAttribute("aria-label", `Image ${image.smear ?? image.id}`);
    this.viewer.open({ tileSource: { type: "legacy-image-pyramid", levels: levelsOf(image) } });
  }

  /** Lays the map of attention over the image, 0 to 1 opaque; null takes it away. */
  setAttention(opacity: number | null): void {
    this.attention = opacity;
    const { image } = this;
    if (this.overlay !== null) {
      this.overlay.setOpacity(opacity ?? 0);
    } else if (opacity !== null && image !== null && this.viewer.isOpen() && !this.isLaying) {
      this.layAttention(image);
    }
  }

  private layAttention(image: CaptureSummary, { again = false } = {}): void {
    this.isLaying = true;
    this.viewer.addTiledImage({
      tileSource: { type: "image", url: attentionUrl(image.id), buildPyramid: false },
      width: 1,
      opacity: this.attention ?? 0,
      success: ({ item }: { item: OpenSeadragon.TiledImage }) => {
        if (this.image === image) {
          this.isLaying = false;
          this.overlay = item;
          item.setOpacity(this.attention ?? 0);
        } else {
          this.viewer.world.removeItem(item);
        }
      },
      error: () => {
        void this.noteNoAttention(image, again);
      },
    } as object as OpenSeadragon.TileSourceSpecifier);
  }

  /** The browser does not tell why it got no map, so the server is asked; where it has one, it is laid once more. */
  private async noteNoAttention(image: CaptureSummary, again: boolean): Promise<void> {
    const why = await whyNoAttention(image.id);
    if (this.image !== image) {
      return;
    }
    if (why === null && !again) {
      this.layAttention(image, { again: true });
    } else {
      this.isLaying = false;
      this.listener.onAttentionFailed(image.id, why ?? "The browser could not draw it.");
    }
  }

  zoomBy(steps: number): void {
    this.viewer.viewport.zoomBy(ZOOM_STEP ** steps);
    this.viewer.viewport.applyConstraints();
  }

  panBy(right: number, down: number): void {
    const { width, height } = this.viewer.viewport.getBounds();
    this.viewer.viewport.panBy(new OpenSeadragon.Point(right * PAN_STEP * width, down * PAN_STEP * height));
    this.viewer.viewport.applyConstraints();
  }

  fit(): void {
    this.viewer.viewport.goHome();
  }

  /** One pixel of the image on one of the screen; all of the image where it is so already. */
  toggleOneToOne(): void {
    if (Math.abs(this.scale() - 1) < 0.01) {
      this.fit();
    } else {
      const { viewport } = this.viewer;
      viewport.zoomTo(viewport.imageToViewportZoom(1 / window.devicePixelRatio));
      viewport.applyConstraints();
    }
  }

  destroy(): void {
    this.image = null;
    this.viewer.destroy();
  }

  private scale(): number {
    const { viewport } = this.viewer;
    return viewport.viewportToImageZoom(viewport.getZoom(false)) * window.devicePixelRatio;
  }

  private tellZoom(): void {
    if (this.viewer.isOpen()) {
      this.listener.onZoom(this.scale());
    }
  }

  private noteShown(): void {
    if (this.image !== null && !this.isShown) {
      this.isShown = true;
      this.listener.onShown(this.image.id);
    }
  }

  private noteFailed(): void {
    if (this.image !== null && !this.isShown) {
      this.listener.onFailed(this.image.id);
    }
  }
}

/** OpenSeadragon adds a style element unless it finds its own; the page's rules (style-src 'self') refuse such. */
function refuseStyleElement(): void {
  const name = "data-openseadragon-mobile-css";
  if (document.querySelector(`style[${name}]`) === null) {
    const none = document.createElementNS(null, "style"); // of no namespace, so that the browser takes it for nothing
    none.setAttribute(name, "true");
    document.head.append(none);
  }
}
