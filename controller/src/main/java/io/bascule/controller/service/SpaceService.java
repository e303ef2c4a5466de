package io.bascule.controller.service;

import io.bascule.core.api.SpaceView;

/** The enclosure's space. */
public interface SpaceService {
  SpaceView space();
}
