package io.bascule.controller.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import io.bascule.controller.event.Events;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the log goes. In code, because reading a configuration file costs time of every boot. */
public final class LogSetup {
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX, UTC} %-5level [%thread] %logger{0}: %msg%n";

  /** Ten files of this size: enough for a month, and never more than 100 MB. */
  private static final int FILE_BYTES = 10 << 20;

  private static final int FILES_MAX = 9;

  private LogSetup() {}

  /** {@code log/controller.log}, rolling. */
  public static void toFile(Path folder) {
    var context = context();
    var file = new RollingFileAppender<ILoggingEvent>();
    file.setFile(folder.resolve("controller.log").toString());
    var rolling = new FixedWindowRollingPolicy();
    rolling.setContext(context);
    rolling.setParent(file);
    rolling.setFileNamePattern(folder.resolve("controller.%i.log").toString());
    rolling.setMinIndex(1);
    rolling.setMaxIndex(FILES_MAX);
    rolling.start();
    var size = new SizeBasedTriggeringPolicy<ILoggingEvent>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(FILE_BYTES));
    size.start();
    file.setRollingPolicy(rolling);
    file.setTriggeringPolicy(size);
    use(context, file);
  }

  /** Standard output, warnings only: for a run that only warms up. */
  public static void quiet() {
    var context = context();
    use(context, new ConsoleAppender<>());
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
  }

  /** What happens in a warm-up is no event of the appliance. */
  static void warmingUp(boolean begins) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.getLogger(Events.class).setLevel(begins ? Level.WARN : null);
    }
  }

  private static LoggerContext context() {
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    return context;
  }

  private static void use(LoggerContext context, OutputStreamAppender<ILoggingEvent> appender) {
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.start();
    var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.INFO);
    root.addAppender(appender);
    // It tells at INFO what concerns nobody.
    context.getLogger("org.eclipse.jetty").setLevel(Level.WARN);
    // Its failures are told by RestServer, once.
    context.getLogger("io.javalin").setLevel(Level.OFF);
  }
}
